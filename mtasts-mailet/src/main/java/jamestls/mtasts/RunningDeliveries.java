package jamestls.mtasts;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jamestls.dns.DomainName;
import jamestls.mtasts.delivery.WaitingPlace;
import jamestls.mtasts.held.HeldGroup;
import jamestls.mtasts.held.RetryRequests;
import jamestls.mtasts.held.RetryRequests.Reach;
import jamestls.mtasts.waiting.WaitingRepository;
import jamestls.page.PageContents;
import jamestls.storage.DatabaseAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The deliveries of the SecureRemoteDelivery mailets that have started, for the routes of webadmin, which may start before them. Nobody
 * binds this class, so Guice makes one for the whole server; it must never depend on {@code MailetConfig}, or each mailet would get its
 * own.
 */
@Singleton
public final class RunningDeliveries {

    private final List<Outbound> running = new CopyOnWriteArrayList<>();

    /** @param page gets the part about deliveries */
    @Inject
    public RunningDeliveries(PageContents page, HealthRegistry health, Clock clock) {
        page.add(new DeliveryPage(this, health, clock));
    }

    /** Without a page. */
    public RunningDeliveries() {
        this(new PageContents(), new HealthRegistry(), Clock.systemUTC());
    }

    /** Registers a delivery. */
    public void add(Outbound outbound) {
        running.add(outbound);
    }

    /** Removes a delivery that is about to be closed; unknown ones are ignored. */
    public void remove(Outbound outbound) {
        running.remove(outbound);
    }

    /** In the order in which they started; empty until one has. */
    public List<Outbound> all() {
        return List.copyOf(running);
    }

    /**
     * The mails that wait, by domain and cause, on all servers that share a database with this one; those with the most mails first in each
     * database.
     */
    public List<HeldGroup> held(Optional<DomainName> domain) {
        Set<DatabaseAddress> asked = new HashSet<>();
        List<HeldGroup> groups = new ArrayList<>();
        for (Outbound outbound : running) {
            // the queues that share a database are in one answer
            if (outbound.settings().sts().database().map(asked::add).orElse(true)) {
                groups.addAll(outbound.held().groups(domain));
            }
        }
        return groups;
    }

    /**
     * Makes the mail of a domain due now, and has its policy fetched again, on all servers that share a database with this one. Returns at
     * once.
     *
     * @return who has heard of it
     */
    public Reach retry(DomainName domain) {
        String id = RetryRequests.newId();
        List<Reach> reached = running.stream().map(outbound -> outbound.held().requests().ask(domain, id)).toList();
        return !reached.isEmpty() && reached.stream().allMatch(Reach.ALL_SERVERS::equals) ? Reach.ALL_SERVERS : Reach.THIS_SERVER;
    }

    /**
     * Makes all mail due now.
     *
     * @return whether that includes the mails of other servers: those that wait in a repository
     */
    public Reach retryAll() {
        List<WaitingPlace> places = running.stream().flatMap(outbound -> outbound.place().stream()).toList();
        places.forEach(place -> place.dueNow(Optional.empty()));
        return !places.isEmpty() && places.stream().allMatch(WaitingPlace::isShared) ? Reach.ALL_SERVERS : Reach.THIS_SERVER;
    }

    /**
     * Starts to compare the mails that wait in repositories with their index.
     *
     * @return the number of queues for which it was started
     */
    public int repair(WaitingRepository.Orphans orphans) {
        return (int) running.stream().flatMap(outbound -> outbound.place().stream()).filter(place -> place.repair(orphans)).count();
    }
}
