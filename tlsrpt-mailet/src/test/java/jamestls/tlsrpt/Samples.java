package jamestls.tlsrpt;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.report.TlsReport;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.ReportPeriod;
import jamestls.tlsrpt.store.Tally;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Sample values for tests. */
public final class Samples {

    public static final LocalDate DAY = LocalDate.of(2026, 3, 1);
    public static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
    public static final DomainName RCPT = DomainName.of("rcpt.example");
    public static final Reporters.Reporter REPORTER = new Reporters.Reporter("Sender Example", "tlsrpt@sender.example",
        "reports@sender.example");

    private Samples() {
    }

    public static AppliedPolicy sts() {
        return new AppliedPolicy(PolicyType.STS, RCPT,
            List.of("version: STSv1", "mode: enforce", "mx: mx1.rcpt.example", "max_age: 86400"), List.of("mx1.rcpt.example"));
    }

    public static AppliedPolicy tlsa() {
        return new AppliedPolicy(PolicyType.TLSA, DomainName.of("mx1.rcpt.example"), List.of("3 1 1 0a0b"), List.of());
    }

    public static Peer peer() {
        return new Peer(Optional.of(ip("192.0.2.1")), Optional.of(DomainName.of("mx1.rcpt.example")), Optional.of("mx1.rcpt.example"),
            Optional.of(ip("2001:db8::25")));
    }

    public static TlsOutcome met(Instant at) {
        return new TlsOutcome(at, RCPT, peer(), List.of(new PolicyVerdict.Met(sts())));
    }

    public static TlsOutcome met(Instant at, DomainName domain) {
        return new TlsOutcome(at, domain, peer(), List.of(new PolicyVerdict.Met(AppliedPolicy.none(domain))));
    }

    public static TlsOutcome violated(Instant at, ResultType type, String reason) {
        return new TlsOutcome(at, RCPT, peer(), List.of(new PolicyVerdict.Violated(sts(), List.of(new Violation(type, reason)))));
    }

    /** Tallies of that many sessions per domain, at {@link #NOON}. */
    public static List<Tally> tallies(Collection<DomainName> domains, int sessions) {
        return domains.stream().map(domain -> {
            TlsOutcome session = met(NOON, domain);
            Tally tally = Tally.within(TallyLimits.DEFAULT, TallyLimits.DEFAULT.budget(), TallyKey.of(session)).orElseThrow();
            IntStream.range(0, sessions).forEach(i -> tally.add(session));
            return tally;
        }).toList();
    }

    /** A file of a report about one session. */
    public static ReportFile reportFile() {
        TallyKey key = new TallyKey(DAY, RCPT);
        DomainTally tally = new DomainTally(key, new ReportPeriod(1, key.firstSecond()), key.lastSecond(), 1, 0,
            List.of(new PolicyTally(sts(), 1, 0, Map.of())));
        return ((ReportFile.Ready) ReportFile.write(new TlsReport(REPORTER, tally))).files().getFirst();
    }

    public static InetAddress ip(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
