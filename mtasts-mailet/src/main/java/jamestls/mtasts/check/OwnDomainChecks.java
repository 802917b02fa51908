package jamestls.mtasts.check;

import jamestls.dns.DomainName;
import jamestls.mtasts.check.CheckResult.Line;
import jamestls.mtasts.check.CheckResult.Severity;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.OwnDomainEvents;
import jamestls.outcome.OwnDomainEvents.Event;
import jamestls.outcome.OwnDomainEvents.Kind;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;

/**
 * Checks this server's own domains once a day, keeps findings and changes, and tells problems to the health check. Of servers that share a
 * database, one checks a domain, by lease. Without a database it remembers what it found until it ends. Thread-safe.
 */
public final class OwnDomainChecks implements OwnDomainEvents.Source, AutoCloseable {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(OwnDomainChecks.class);
    private static final Duration EVERY = Duration.ofDays(1);
    /** Problems, and what could not be determined, are looked at again. */
    private static final Duration AGAIN = Duration.ofHours(1);
    /** James's own SMTP server, which may be the mail host, starts after the mailets. */
    private static final Duration START_AFTER = Duration.ofMinutes(1);
    /** Longer than a look and its saving take. */
    static final Duration LEASE = StrictSender.LIMIT.multipliedBy(4);
    private static final Duration LOOK_EVERY = Duration.ofMinutes(1);
    private static final int MAX_LOOKS = 4;
    private static final int MAX_PROBLEMS = 10;

    private final OwnDomainSettings settings;
    private final StrictSender sender;
    private final OwnDomainStore store;
    private final Clock clock;
    private final RandomGenerator random;
    private final String holder = UUID.randomUUID().toString();
    private final Semaphore looks = new Semaphore(MAX_LOOKS);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final AtomicReference<List<String>> problems = new AtomicReference<>(List.of());

    public OwnDomainChecks(OwnDomainSettings settings, StrictSender sender, OwnDomainStore store, Clock clock, RandomGenerator random) {
        this.settings = settings;
        this.sender = sender;
        this.store = store;
        this.clock = clock;
        this.random = random;
    }

    /** Starts the checks; ended by {@link #close}. To be called once. */
    public void start() {
        if (!settings.domains().isEmpty()) {
            Thread.ofVirtual().name("own-domains").start(this::untilClosed);
        }
    }

    private void untilClosed() {
        try {
            Duration wait = START_AFTER;
            while (!closed.await(wait.toMillis(), TimeUnit.MILLISECONDS)) {
                round();
                wait = LOOK_EVERY;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Checks what is due, and reads what all servers have found. Never throws for what a check or the database does. */
    void round() throws InterruptedException {
        try {
            Set<String> notDue = store.notDue(clock.instant());
            checkAll(settings.domains().stream().filter(domain -> !notDue.contains(domain.ascii())).toList());
            problems.set(found());
        } catch (RuntimeException | Error e) {
            problems.set(List.of("own domains can't be checked: " + e.getMessage()));
        }
    }

    private void checkAll(List<DomainName> domains) throws InterruptedException {
        List<Thread> running = new ArrayList<>();
        try {
            for (DomainName domain : domains) {
                looks.acquire();
                if (closed.getCount() == 0) {
                    looks.release();
                    return;
                }
                running.add(Thread.ofVirtual().name("own-domain-" + domain).start(() -> {
                    try {
                        check(domain);
                    } finally {
                        looks.release();
                    }
                }));
            }
        } finally {
            for (Thread each : running) {
                each.join();
            }
        }
    }

    private void check(DomainName domain) {
        Instant now = clock.instant();
        boolean claimed = false;
        try {
            claimed = store.claim(domain, holder, now, now.plus(LEASE));
            if (claimed) {
                checkNow(domain);
            }
        } catch (RuntimeException | Error e) {
            if (closed.getCount() == 0) {
                // what it used was closed, and the claim ends by itself
                return;
            }
            LOGGER.warn("Own domain {} was not checked, next try in {}", domain, AGAIN, e);
            if (claimed) {
                giveBack(domain, now);
            }
        }
    }

    private void giveBack(DomainName domain, Instant now) {
        try {
            store.giveBack(domain, holder, now.plus(AGAIN));
        } catch (RuntimeException | Error e) {
            LOGGER.debug("The claim on {} ends by itself: {}", domain, e.getMessage());
        }
    }

    private void checkNow(DomainName domain) {
        Snapshot before = store.snapshot(domain);
        DomainView view = sender.look(domain, List.of());
        CheckResult result = Judge.of(view, sender.certificates(), before.memory(), settings.warn());
        Snapshot after = before.after(view, result);
        List<Event> events = after.eventsSince(before, domain, view.time());
        boolean isInOrder = !result.has(Severity.PROBLEM) && !result.has(Severity.UNKNOWN);
        Duration wait = isInOrder ? EVERY.minusMinutes(random.nextInt(120)) : AGAIN;
        if (store.save(holder, result, after, events, clock.instant().plus(wait))) {
            events.forEach(event -> log(domain, event));
        }
    }

    private static void log(DomainName domain, Event event) {
        if (event.kind() == Kind.PROBLEM) {
            LOGGER.warn("Own domain {}: {}", domain, event.text());
        } else {
            LOGGER.info("Own domain {}: {}", domain, event.text());
        }
    }

    private List<String> found() {
        List<String> found = new ArrayList<>();
        for (CheckResult result : store.results(settings.domains())) {
            for (Line line : result.lines()) {
                if (line.severity() == Severity.PROBLEM) {
                    found.add(result.domain() + ": " + line.subject() + ": " + line.text());
                }
            }
        }
        return found;
    }

    /** The present problems of the own domains, for the health check; the first ones, and how many there are. */
    public List<String> problems() {
        List<String> all = problems.get();
        if (all.size() <= MAX_PROBLEMS) {
            return all;
        }
        List<String> first = new ArrayList<>(all.subList(0, MAX_PROBLEMS));
        first.add((all.size() - MAX_PROBLEMS) + " more problems of own domains");
        return first;
    }

    /** The number of problems. */
    public int problemCount() {
        return problems.get().size();
    }

    @Override
    public Set<DomainName> domains() {
        return Set.copyOf(settings.domains());
    }

    @Override
    public List<Event> events(DomainName domain, Instant from, Instant until) {
        return store.events(domain, from, until);
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
