package jamestls.tlsrpt.send;

import jamestls.dns.DomainName;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.ReportMailListener;
import jamestls.outcome.ReportMailListener.LeavingReport;
import jamestls.rua.Address;
import jamestls.tlsrpt.dkim.DkimVerifier;
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

/**
 * Verifies the DKIM signatures of outgoing report mails, which James signs: the first mail after the start, then one a day while the
 * signatures are valid and one a minute while they are not. Receivers silently ignore reports without a valid signature (RFC 8460
 * §3).
 */
public final class DkimMonitor implements ReportMailListener {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(DkimMonitor.class);
    private static final Duration INTERVAL_IF_VALID = Duration.ofDays(1);
    private static final Duration INTERVAL_IF_INVALID = Duration.ofMinutes(1);
    private static final int MAX_AUTHORS = 1_000;

    private record Finding(Instant at, DkimVerifier.Verdict verdict) {
    }

    private final DkimVerifier verifier;
    private final Counter checked;
    private final Counter invalid;
    private final Clock clock;
    private final Map<DomainName, Finding> findings = new ConcurrentHashMap<>();
    /** One verification at a time, because each needs DNS lookups and a copy of the mail in memory. */
    private final Semaphore permit = new Semaphore(1);

    public DkimMonitor(DkimVerifier verifier, Counters counters, Clock clock) {
        this.verifier = verifier;
        this.checked = counters.named("tlsReportSignaturesChecked");
        this.invalid = counters.named("tlsReportSignaturesWorthless");
        this.clock = clock;
    }

    /** Copies the mail if a verification is due, and verifies it on another thread. */
    @Override
    public void leaving(LeavingReport report) {
        Optional<DomainName> author = report.sender().flatMap(Address::canonical).map(Address::domainOf);
        if (author.isEmpty() || !isDue(author.get()) || !permit.tryAcquire()) {
            return;
        }
        boolean handedOver = false;
        try {
            ByteArrayOutputStream copy = new ByteArrayOutputStream();
            report.content().writeTo(copy);
            Thread.ofVirtual().name("tlsreport-signature").start(() -> verify(author.get(), copy.toByteArray(), report.mail()));
            handedOver = true;
        } catch (IOException e) {
            LOGGER.warn("tlsreport: the signature of report mail {} could not be verified", report.mail(), e);
        } finally {
            if (!handedOver) {
                permit.release();
            }
        }
    }

    /** Whether the last verified signature of that author is valid. */
    public boolean isValid(DomainName author) {
        return Optional.ofNullable(findings.get(author)).filter(finding ->
            finding.verdict() instanceof DkimVerifier.Verdict.Valid).isPresent();
    }

    /** Whether a signature of that author was verified, with a valid or an invalid result. */
    public boolean isKnown(DomainName author) {
        Finding finding = findings.get(author);
        return finding != null && !(finding.verdict() instanceof DkimVerifier.Verdict.Unknown);
    }

    /** Problems of signatures, one sentence with the remedy for each author. */
    public List<String> problems() {
        return findings.values().stream().map(Finding::verdict).filter(DkimVerifier.Verdict.Invalid.class::isInstance)
            .map(verdict -> ((DkimVerifier.Verdict.Invalid) verdict).problem()).sorted().toList();
    }

    private boolean isDue(DomainName author) {
        Finding last = findings.get(author);
        if (last == null) {
            return findings.size() < MAX_AUTHORS;
        }
        Duration pause = last.verdict() instanceof DkimVerifier.Verdict.Valid ? INTERVAL_IF_VALID : INTERVAL_IF_INVALID;
        // absolute value: verification must not stop if the clock was set back
        return Duration.between(last.at(), clock.instant()).abs().compareTo(pause) >= 0;
    }

    private void verify(DomainName author, byte[] mail, String name) {
        try {
            DkimVerifier.Verdict verdict = verifier.verify(mail, author);
            Finding before = findings.get(author);
            switch (verdict) {
                case DkimVerifier.Verdict.Valid valid -> {
                    if (before == null || !before.verdict().equals(valid)) {
                        LOGGER.info("tlsreport: signature=holds author={} mail={}", author, name);
                    }
                }
                case DkimVerifier.Verdict.Invalid bad -> {
                    invalid.increment();
                    LOGGER.warn("tlsreport: signature={} author={} mail={}: {}", bad.fault().word(), author, name, bad.problem());
                }
                case DkimVerifier.Verdict.Unknown unknown ->
                    LOGGER.info("tlsreport: signature=unknown author={} mail={}: {}", author, name, ReportLog.printable(unknown.reason()));
            }
            // a failed lookup does not replace an earlier result
            boolean kept = verdict instanceof DkimVerifier.Verdict.Unknown && before != null;
            findings.put(author, kept ? new Finding(clock.instant().minus(INTERVAL_IF_VALID).plus(INTERVAL_IF_INVALID), before.verdict())
                : new Finding(clock.instant(), verdict));
            checked.increment();
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport: the signature of report mail {} could not be verified", name, e);
        } finally {
            permit.release();
        }
    }
}
