package jamestls.tlsrpt.send;

import jamestls.dns.DomainName;
import jamestls.outcome.ReportMailListener;
import jamestls.outcome.ReportMailListener.LeavingReport;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.dkim.SignatureVerdict;
import jamestls.tlsrpt.report.Address;
import jamestls.tlsrpt.send.Counters.Counter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies our own report mails as they leave, signed by James: the first one after the start, then one a day as long as the
 * signatures hold, and one a minute while they do not. Receivers ignore reports without a signature (RFC 8460 §3), and say
 * nothing about it.
 */
public final class DkimMonitor implements ReportMailListener {

    private static final Logger LOGGER = LoggerFactory.getLogger(DkimMonitor.class);
    private static final Duration WHILE_IT_HOLDS = Duration.ofDays(1);
    private static final Duration WHILE_NOT = Duration.ofMinutes(1);
    private static final int MAX_AUTHORS = 1_000;

    private record Finding(Instant at, SignatureVerdict verdict) {
    }

    private final DkimVerifier check;
    private final Counter looked;
    private final Counter worthless;
    private final Clock clock;
    private final Map<DomainName, Finding> findings = new ConcurrentHashMap<>();
    /** One at a time: it takes look-ups, and the mail in memory. */
    private final Semaphore turn = new Semaphore(1);

    public DkimMonitor(DkimVerifier check, Counters counters, Clock clock) {
        this.check = check;
        this.looked = counters.named("tlsReportSignaturesChecked");
        this.worthless = counters.named("tlsReportSignaturesWorthless");
        this.clock = clock;
    }

    /** Copies the mail if it is to be looked at, which is done on a thread of its own. */
    @Override
    public void leaving(LeavingReport report) {
        Optional<DomainName> author = report.sender().flatMap(Address::canonical).map(Address::domainOf);
        if (author.isEmpty() || !isDue(author.get()) || !turn.tryAcquire()) {
            return;
        }
        boolean handedOver = false;
        try {
            ByteArrayOutputStream copy = new ByteArrayOutputStream();
            report.content().writeTo(copy);
            Thread.ofVirtual().name("tlsreport-signature").start(() -> look(author.get(), copy.toByteArray(), report.mail()));
            handedOver = true;
        } catch (IOException e) {
            LOGGER.warn("tlsreport: the signature of report mail {} can't be checked", report.mail(), e);
        } finally {
            if (!handedOver) {
                turn.release();
            }
        }
    }

    /** Whether the signatures of that author were looked at and hold. */
    public boolean holds(DomainName author) {
        return Optional.ofNullable(findings.get(author)).filter(finding -> finding.verdict() instanceof SignatureVerdict.Holds).isPresent();
    }

    /** Whether it is known what the signatures of that author are worth. */
    public boolean isKnown(DomainName author) {
        Finding finding = findings.get(author);
        return finding != null && !(finding.verdict() instanceof SignatureVerdict.Unknown);
    }

    /** What is wrong, a sentence with the remedy for each author. */
    public List<String> problems() {
        return findings.values().stream().map(Finding::verdict).filter(SignatureVerdict.Worthless.class::isInstance)
            .map(verdict -> ((SignatureVerdict.Worthless) verdict).problem()).sorted().toList();
    }

    private boolean isDue(DomainName author) {
        Finding last = findings.get(author);
        if (last == null) {
            return findings.size() < MAX_AUTHORS;
        }
        Duration pause = last.verdict() instanceof SignatureVerdict.Holds ? WHILE_IT_HOLDS : WHILE_NOT;
        // not before the last one either: a clock that was set back must not stop this
        return Duration.between(last.at(), clock.instant()).abs().compareTo(pause) >= 0;
    }

    private void look(DomainName author, byte[] mail, String name) {
        try {
            SignatureVerdict verdict = check.of(mail, author);
            Finding before = findings.get(author);
            switch (verdict) {
                case SignatureVerdict.Holds holds -> {
                    if (before == null || !before.verdict().equals(holds)) {
                        LOGGER.info("tlsreport: signature=holds author={} mail={}", author, name);
                    }
                }
                case SignatureVerdict.Worthless no -> {
                    worthless.increment();
                    LOGGER.warn("tlsreport: signature={} author={} mail={}: {}", no.fault().word(), author, name, no.problem());
                }
                case SignatureVerdict.Unknown unknown ->
                    LOGGER.info("tlsreport: signature=unknown author={} mail={}: {}", author, name, ReportLog.printable(unknown.reason()));
            }
            // what could not be looked up this time says nothing against what was found before
            boolean kept = verdict instanceof SignatureVerdict.Unknown && before != null;
            findings.put(author, kept ? new Finding(clock.instant().minus(WHILE_IT_HOLDS).plus(WHILE_NOT), before.verdict())
                : new Finding(clock.instant(), verdict));
            looked.increment();
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport: the signature of report mail {} can't be checked", name, e);
        } finally {
            turn.release();
        }
    }
}
