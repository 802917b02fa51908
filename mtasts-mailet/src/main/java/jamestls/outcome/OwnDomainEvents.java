package jamestls.outcome;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jamestls.dns.DomainName;
import jamestls.net.SanitizedLogger;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/**
 * What has changed in the policies, mail hosts and certificates of this server's own domains, for whoever explains failures that others
 * report. The daily check of {@code ownDomains} adds its store here when it starts. Without a binding Guice creates one instance for the
 * whole server; it must not depend on {@code MailetConfig}, or James would create one per mailet. Thread-safe.
 */
@Singleton
public final class OwnDomainEvents {

    /** The bound of events in an answer; the latest count. */
    public static final int MAX_EVENTS = 1_000;
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(OwnDomainEvents.class);

    private final List<Source> sources = new CopyOnWriteArrayList<>();

    /** What an event is about. */
    public enum Kind {
        /** An MX host shows another certificate, or none any more. */
        CERTIFICATE("certificate"),
        /** The policy or the id in its TXT record changed. */
        POLICY("policy"),
        /** A mail host was added to the MX records, or taken out. */
        MX("mx"),
        /** The TLSA records of an MX host changed. */
        TLSA("tlsa"),
        /** A problem was found that was not there before, or is gone. */
        PROBLEM("problem");

        private final String wireName;

        Kind(String wireName) {
            this.wireName = wireName;
        }

        /** The name in tables and JSON. */
        public String wireName() {
            return wireName;
        }

        /** The kind with that name, if there is one. */
        public static Optional<Kind> ofWireName(String name) {
            return List.of(values()).stream().filter(kind -> kind.wireName.equals(name)).findFirst();
        }
    }

    /**
     * One change.
     *
     * @param time when it was noticed; it happened since the check before that one
     * @param host the MX host that it concerns; empty if it concerns the domain as a whole
     * @param text one sentence, printable ASCII, such as "the certificate of mx2.example.org changed: valid until …"
     */
    public record Event(DomainName domain, Instant time, Kind kind, Optional<DomainName> host, String text) {
    }

    /** A store of events. May throw if its database fails. */
    public interface Source {

        /** The domains that are checked daily. */
        Set<DomainName> domains();

        /** The events of a domain from {@code from} on and before {@code until}; the latest {@value #MAX_EVENTS}. */
        List<Event> events(DomainName domain, Instant from, Instant until);
    }

    @Inject
    public OwnDomainEvents() {
        // sources are added and removed by the mailets
    }

    /** From now on {@code source} is asked, too; a second call is ignored. */
    public void add(Source source) {
        if (!sources.contains(source)) {
            sources.add(source);
        }
    }

    /** The source is asked no more; unknown sources are ignored. */
    public void remove(Source source) {
        sources.remove(source);
    }

    /** The domains named in {@code ownDomains} of the deliveries that have started. */
    public Set<DomainName> domains() {
        return sources.stream().flatMap(source -> source.domains().stream()).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * The events of a domain from {@code from} on and before {@code until}, oldest first; the latest {@value #MAX_EVENTS}. Never throws:
     * what a failing database has is left out, and logged. Blocks for the time that the database takes.
     */
    public List<Event> of(DomainName domain, Instant from, Instant until) {
        List<Event> all = sources.stream().flatMap(source -> asked(source, domain, from, until).stream()).distinct()
            .sorted(Comparator.comparing(Event::time)).toList();
        return all.subList(Math.max(0, all.size() - MAX_EVENTS), all.size());
    }

    private static List<Event> asked(Source source, DomainName domain, Instant from, Instant until) {
        try {
            return source.events(domain, from, until);
        } catch (RuntimeException | Error e) {
            LOGGER.warn("The events of {} can't be read: {}", domain, e.getMessage());
            return List.of();
        }
    }
}
