package jamestls.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.CapturedLog;
import jamestls.outcome.ReportMailListener.LeavingReport;
import jamestls.outcome.ReportMailListener.LostReport;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.TlsOutcomes.SessionCounter;
import jamestls.outcome.TlsOutcomes.Sessions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Whoever records outcomes and whoever subscribes to them need not know each other. */
@ResourceLock(CapturedLog.LOCK)
class TlsOutcomesTest {

    private static final DomainName DOMAIN = DomainName.of("rcpt.example");
    private static final List<TlsOutcome> ONE = List.of(new TlsOutcome(Instant.EPOCH, DOMAIN, Peer.unknown(),
        List.of(new PolicyVerdict.Met(AppliedPolicy.none(DOMAIN)))));
    private static final LeavingReport LEAVING = new LeavingReport("Mail1", Optional.of("tlsrpt@sender.example"), out -> { });
    private static final LostReport LOST =
        new LostReport("Mail1", "tls@rcpt.example", Optional.of("id"), LostReport.Reason.EXPIRED, "4.7.0 no host");

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(TlsOutcomes.class, Level.INFO);

    private final TlsOutcomes outcomes = new TlsOutcomes();
    private final List<List<TlsOutcome>> recorded = new ArrayList<>();
    private final List<Object> heard = new ArrayList<>();

    @Test
    void subscriberShouldGetEachOutcomeOnceUntilItUnsubscribes() {
        TlsOutcomeSink sink = recorded::add;
        outcomes.subscribe(sink);
        outcomes.subscribe(sink);
        outcomes.record(ONE);
        assertThat(recorded).containsExactly(ONE);

        outcomes.unsubscribe(sink);
        outcomes.record(ONE);
        assertThat(recorded).hasSize(1);
    }

    @Test
    void nothingShouldBeRecordedWhereNothingHappened() {
        outcomes.subscribe(recorded::add);

        outcomes.record(List.of());

        assertThat(recorded).isEmpty();
    }

    @Test
    void subscriberThatThrowsShouldKeepNothingFromOthersAndBeTold() {
        TlsOutcomeSink broken = list -> {
            throw new IllegalStateException("disk full");
        };
        outcomes.subscribe(broken);
        outcomes.subscribe(recorded::add);
        assertThat(outcomes.trouble()).isEmpty();

        outcomes.record(ONE);
        assertThat(recorded).containsExactly(ONE);
        assertThat(outcomes.trouble()).hasValueSatisfying(why -> assertThat(why).contains("disk full"));
        assertThat(log.events()).extracting(ILoggingEvent::getFormattedMessage)
            .containsExactly("1 TLS outcomes for rcpt.example were not counted");
        outcomes.record(List.of());
        assertThat(outcomes.trouble()).as("nothing was tried since").isPresent();

        outcomes.unsubscribe(broken);
        outcomes.record(ONE);
        assertThat(outcomes.trouble()).as("the last ones were counted").isEmpty();
    }

    @Test
    void firstCounterThatKnowsShouldTellTheNumberOfSessions() {
        AtomicInteger asked = new AtomicInteger();
        SessionCounter counter = domain -> {
            asked.incrementAndGet();
            return domain.equals(DOMAIN) ? Optional.of(new Sessions(7, 2)) : Optional.empty();
        };
        assertThat(outcomes.sessionsToday(DOMAIN)).as("nobody counts").isEmpty();
        outcomes.addCounter(domain -> Optional.empty());
        outcomes.addCounter(counter);
        outcomes.addCounter(counter);

        assertThat(outcomes.sessionsToday(DOMAIN)).contains(new Sessions(7, 2));
        asked.set(0);
        assertThat(outcomes.sessionsToday(DomainName.of("other.example"))).isEmpty();
        assertThat(asked).as("added once").hasValue(1);

        outcomes.removeCounter(counter);
        assertThat(outcomes.sessionsToday(DOMAIN)).isEmpty();
    }

    @Test
    void sessionsOfSeveralDaysShouldBeThoseOfTheCounterThatKnowsThem() {
        assertThat(outcomes.sessions(DOMAIN, 7)).as("nobody counts").isEmpty();
        outcomes.addCounter(domain -> domain.equals(DOMAIN) ? Optional.of(new Sessions(7, 2)) : Optional.empty());
        assertThat(outcomes.sessions(DOMAIN, 7)).as("a counter of the current day").contains(new Sessions(7, 2));
        DomainName other = DomainName.of("other.example");
        outcomes.addCounter(new SessionCounter() {
            @Override
            public Optional<Sessions> today(DomainName recipientDomain) {
                return Optional.empty();
            }

            @Override
            public Optional<Sessions> lastDays(DomainName recipientDomain, int days) {
                return Optional.of(new Sessions(days, 1));
            }
        });

        assertThat(outcomes.sessions(other, 7)).contains(new Sessions(7, 1));
    }

    @Test
    void listenerShouldLearnOfReportMailsOnceUntilItIsRemoved() {
        ReportMailListener listener = new ReportMailListener() {
            @Override
            public void leaving(LeavingReport report) {
                heard.add(report);
            }

            @Override
            public void lost(LostReport report) {
                heard.add(report);
            }
        };
        outcomes.addListener(listener);
        outcomes.addListener(listener);

        outcomes.leaving(LEAVING);
        outcomes.lost(LOST);
        assertThat(heard).containsExactly(LEAVING, LOST);

        outcomes.removeListener(listener);
        outcomes.leaving(LEAVING);
        outcomes.lost(LOST);
        assertThat(heard).hasSize(2);
    }

    @Test
    void listenerThatThrowsShouldKeepNothingFromOthers() {
        outcomes.addListener(new ReportMailListener() {
            @Override
            public void leaving(LeavingReport report) {
                throw new NoClassDefFoundError("javax/mail/Message");
            }

            @Override
            public void lost(LostReport report) {
                throw new IllegalStateException("closed");
            }
        });
        outcomes.addListener(new ReportMailListener() {
            @Override
            public void lost(LostReport report) {
                heard.add(report);
            }
        });
        outcomes.addListener(new ReportMailListener() {
            @Override
            public void leaving(LeavingReport report) {
                heard.add(report);
            }
        });

        outcomes.leaving(LEAVING);
        outcomes.lost(LOST);

        assertThat(heard).containsExactly(LEAVING, LOST);
        assertThat(log.events()).extracting(ILoggingEvent::getFormattedMessage)
            .containsExactly("Report mail Mail1 is not monitored", "The loss of report mail Mail1 was not noted");
    }
}
