package jamestls.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.CapturedLog;
import jamestls.outcome.OwnDomainEvents.Event;
import jamestls.outcome.OwnDomainEvents.Kind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(CapturedLog.LOCK)
class OwnDomainEventsTest {

    private static final DomainName DOMAIN = DomainName.of("example.org");
    private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(OwnDomainEvents.class, Level.INFO);

    private final OwnDomainEvents events = new OwnDomainEvents();

    @Test
    void eventsOfAllSourcesShouldBeInTheOrderOfTheirTimes() {
        Event late = new Event(DOMAIN, NOON.plusSeconds(60), Kind.POLICY, Optional.empty(), "late");
        Event early = new Event(DOMAIN, NOON, Kind.CERTIFICATE, Optional.of(DomainName.of("mx.example.org")), "early");
        events.add(new Kept(List.of(late)));
        events.add(new Kept(List.of(early)));

        assertThat(events.of(DOMAIN, NOON, NOON.plusSeconds(61))).containsExactly(early, late);
        assertThat(events.domains()).containsExactly(DOMAIN);
    }

    @Test
    void failingSourceShouldHideNoOther() {
        Event event = new Event(DOMAIN, NOON, Kind.MX, Optional.empty(), "text");
        events.add(new OwnDomainEvents.Source() {
            @Override
            public Set<DomainName> domains() {
                return Set.of(DOMAIN);
            }

            @Override
            public List<Event> events(DomainName domain, Instant from, Instant until) {
                throw new IllegalStateException("database down");
            }
        });
        events.add(new Kept(List.of(event)));

        assertThat(events.of(DOMAIN, NOON, NOON.plusSeconds(1))).containsExactly(event);
        assertThat(log.events()).extracting(ILoggingEvent::getFormattedMessage)
            .containsExactly("The events of example.org can't be read: database down");
    }

    @Test
    void kindsShouldHaveTheNamesOfTheTable() {
        assertThat(Stream.of(Kind.values()).map(Kind::wireName)).containsExactly("certificate", "policy", "mx", "tlsa", "problem");
        assertThat(Kind.values()).allSatisfy(kind -> assertThat(Kind.ofWireName(kind.wireName())).contains(kind));
        assertThat(Kind.ofWireName("MX")).isEmpty();
    }

    @Test
    void latestEventsShouldCountWhenThereAreTooMany() {
        List<Event> many = new ArrayList<>();
        for (int i = 0; i <= OwnDomainEvents.MAX_EVENTS; i++) {
            many.add(new Event(DOMAIN, NOON.plusSeconds(i), Kind.PROBLEM, Optional.empty(), "number " + i));
        }
        events.add(new Kept(many));

        assertThat(events.of(DOMAIN, NOON, NOON.plusSeconds(10_000))).hasSize(OwnDomainEvents.MAX_EVENTS)
            .doesNotContain(many.getFirst()).endsWith(many.getLast());
    }

    @Test
    void removedSourceShouldNotBeAsked() {
        Kept source = new Kept(List.of(new Event(DOMAIN, NOON, Kind.TLSA, Optional.empty(), "text")));
        events.add(source);
        events.add(source);
        events.remove(source);

        assertThat(events.of(DOMAIN, NOON, NOON.plusSeconds(1))).isEmpty();
        assertThat(events.domains()).isEmpty();
    }

    private record Kept(List<Event> all) implements OwnDomainEvents.Source {

        @Override
        public Set<DomainName> domains() {
            return Set.of(DOMAIN);
        }

        @Override
        public List<Event> events(DomainName domain, Instant from, Instant until) {
            return all.stream().filter(event -> !event.time().isBefore(from) && event.time().isBefore(until)).toList();
        }
    }
}
