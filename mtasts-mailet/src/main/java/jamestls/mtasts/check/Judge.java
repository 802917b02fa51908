package jamestls.mtasts.check;

import jamestls.mtasts.check.CheckResult.Line;
import jamestls.mtasts.check.CheckResult.Severity;
import jamestls.mtasts.check.DomainView.Destination;
import jamestls.mtasts.check.DomainView.TxtRecords;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.delivery.DryRunResult.HostFindings;
import jamestls.mtasts.delivery.DryRunResult.Outcome;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.sts.MxPattern;
import jamestls.mtasts.sts.PolicyFetcher.FetchResult;
import jamestls.mtasts.sts.PolicyLint;
import jamestls.mtasts.sts.RecordLint;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.mtasts.sts.StsRecord;
import jamestls.net.Sanitized;
import jamestls.outcome.Violation;
import jamestls.rua.Rua;
import jamestls.rua.RuaRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Judges what was seen of a domain. A pure function of the view, the time and what is remembered of earlier views. */
public final class Judge {

    private static final Duration LONG_TESTING = Duration.ofDays(30);
    private static final int MAX_SHOWN = 200;

    private final DomainView view;
    private final Memory memory;
    private final Duration warn;
    private final List<Line> lines = new ArrayList<>();

    private Judge(DomainView view, Memory memory, Duration warn) {
        this.view = view;
        this.memory = memory;
        this.warn = warn;
    }

    /**
     * What is remembered of the domain.
     *
     * @param id the id in the record of an earlier view
     * @param policy the text of the policy then
     * @param testingSince since when the policy is in mode testing
     */
    public record Memory(Optional<String> id, Optional<String> policy, Optional<Instant> testingSince) {

        /** Nothing. */
        public static final Memory NONE = new Memory(Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** @param warn the time before the expiry of a certificate from which on it is a problem */
    public static CheckResult of(DomainView view, CertificateCheck certificates, Memory memory, Duration warn) {
        Judge judge = new Judge(view, memory, warn);
        judge.record();
        judge.policy();
        judge.hosts(certificates);
        judge.reports();
        boolean publishes = !(StsRecord.of(view.sts().texts()) instanceof StsRecord.None)
            || view.mail().hosts().stream().anyMatch(host -> host.plan().dane() instanceof DaneLookup.Found);
        return new CheckResult(view.domain(), view.time(), judge.lines, publishes);
    }

    private void record() {
        String name = "_mta-sts." + view.domain();
        if (unknown(view.sts(), "record", name)) {
            return;
        }
        RecordLint lint = RecordLint.of(view.sts().texts());
        if (lint.id().isPresent()) {
            add(Severity.FINE, "record", "record", "id " + lint.id().get(), "");
        } else if (StsRecord.of(view.sts().texts()) instanceof StsRecord.None) {
            add(Severity.ADVICE, "no-record", "record", "there is no MTA-STS record at " + name
                + ", so nobody verifies its mail hosts by MTA-STS", "'records " + view.domain() + "' prints what to publish");
        } else {
            lint.problems().forEach(note -> add(Severity.PROBLEM, "record-invalid", "record", note.text(), note.remedy()));
        }
    }

    private boolean unknown(TxtRecords records, String subject, String name) {
        records.failure().ifPresent(failure -> add(failure.bogus() ? Severity.PROBLEM : Severity.UNKNOWN,
            failure.bogus() ? "dnssec" : "dns", subject, (failure.bogus() ? "fails DNSSEC: " : "DNS did not answer: ") + failure.text(),
            failure.bogus() ? "mend the zone of " + name : "try again; if it stays so, mend the name servers of " + name));
        return records.failure().isPresent();
    }

    private void policy() {
        if (view.policy().isEmpty()) {
            return;
        }
        view.policy().get().certificate().ifPresent(certificate -> expiry("policy", "policy-certificate-expires",
            "the policy host's certificate", certificate.getNotAfter().toInstant()));
        switch (view.policy().get().result()) {
            case FetchResult.Failed failed -> unusable(failed.problem());
            case FetchResult.Fetched(StsPolicy policy) -> {
                add(Severity.FINE, "policy", "policy", "mode " + policy.mode().wireName() + ", max_age " + policy.maxAge().toSeconds(), "");
                PolicyLint.of(policy.text().getBytes(StandardCharsets.UTF_8)).advice().forEach(note ->
                    add(Severity.ADVICE, "policy-advice", "policy", note.text(), note.remedy()));
                id(policy);
                testing(policy);
            }
        }
    }

    private void unusable(Violation problem) {
        String file = "https://mta-sts." + view.domain() + "/.well-known/mta-sts.txt";
        add(Severity.PROBLEM, problem.type().wireName(), "policy", "senders can't use the policy: " + problem, switch (problem.type()) {
            case STS_WEBPKI_INVALID -> "give mta-sts." + view.domain()
                + " a certificate for that name by an authority that everybody trusts";
            case STS_POLICY_INVALID -> "mend the file; 'lint' finds every mistake in it";
            default -> "answer " + file + " with 200, text/plain and no redirect";
        });
    }

    /** RFC 8461 §3.1: senders that have a policy notice another one by its id only. */
    private void id(StsPolicy policy) {
        Optional<String> id = RecordLint.of(view.sts().texts()).id();
        String text = policy.text();
        boolean madeForAnother = id.filter(StsRecord::isDerived).filter(found -> !found.equals(StsRecord.idOf(policy))).isPresent();
        boolean unchanged = memory.id().isPresent() && memory.id().equals(id)
            && memory.policy().filter(old -> !old.equals(text)).isPresent();
        if (madeForAnother || unchanged) {
            add(Severity.PROBLEM, "id-not-changed", "record", unchanged ? "the policy has changed and the id has not, so senders that have "
                + "the old policy keep it" : "the id was made for another content of the policy, so senders may not notice this one",
                "publish v=STSv1; id=" + StsRecord.idOf(policy) + ";");
        }
    }

    private void testing(StsPolicy policy) {
        if (policy.mode() != StsPolicy.Mode.TESTING) {
            return;
        }
        memory.testingSince().filter(since -> since.isBefore(view.time().minus(LONG_TESTING))).ifPresent(since ->
            add(Severity.ADVICE, "testing-for-long", "policy", "in mode testing since " + since.toString().substring(0, 10)
                + " at least, and so without protection", "write mode: enforce if the reports are clean"));
    }

    private void hosts(CertificateCheck certificates) {
        List<HostFindings> hosts = view.mail().hosts();
        if (hosts.isEmpty()) {
            noHosts();
            return;
        }
        boolean noneReached = hosts.stream().noneMatch(HostJudge::isReached);
        hosts.forEach(host -> lines.addAll(HostJudge.of(host, view, certificates, warn, noneReached)));
        view.active().ifPresent(policy -> {
            for (MxPattern pattern : policy.mx()) {
                if (hosts.stream().noneMatch(host -> pattern.matches(host.plan().host().name()))) {
                    add(Severity.ADVICE, "pattern-unused", "policy", "mx " + pattern + " matches none of the mail hosts",
                        "take it out, unless a host of that name is about to come");
                }
            }
        });
    }

    private void noHosts() {
        switch (view.mail().outcome()) {
            // RFC 7505 §4.2: a domain that takes no mail has nothing to protect
            case Outcome.Bounce bounce when bounce.why().status().equals("5.1.10") -> add(Severity.FINE, "null-mx", "mx",
                text(bounce.why().text()), "");
            case Outcome.Bounce bounce -> add(Severity.PROBLEM, "no-host", "mx", text(bounce.why().text()), "publish MX records");
            case Outcome.Hold hold -> add(Severity.UNKNOWN, "mx-unknown", "mx", text(hold.why().text()),
                "try again; if it stays so, mend the name servers of " + view.domain());
            case Outcome.Connect connect -> add(Severity.UNKNOWN, "mx-unknown", "mx", "no mail host was looked at", "try again");
            case Outcome.Deliver deliver -> add(Severity.FINE, "mx", "mx", "takes mail", "");
        }
    }

    private void reports() {
        if (unknown(view.reports(), "reports", "_smtp._tls." + view.domain())) {
            return;
        }
        switch (RuaRecord.select(view.reports().texts())) {
            case RuaRecord.None none when view.reports().texts().stream().noneMatch(text -> text.startsWith("v=TLSRPTv1")) ->
                add(Severity.ADVICE, "no-reports", "reports", "there is no TLSRPT record at _smtp._tls." + view.domain()
                    + ", so nobody reports failures of TLS", "publish v=TLSRPTv1; rua=mailto:tls-reports@" + view.domain());
            case RuaRecord.None none -> add(Severity.PROBLEM, "reports-invalid", "reports", none.reason(),
                "write one record like v=TLSRPTv1; rua=mailto:tls-reports@" + view.domain());
            case RuaRecord.Found found -> view.destinations().forEach(this::destination);
        }
    }

    private void destination(Destination destination) {
        String uri = text(destination.rua().uri());
        switch (destination.state()) {
            case TAKES -> add(Severity.FINE, "reports", "reports", uri + " takes reports (" + destination.detail() + ")", "");
            case REFUSES -> add(Severity.PROBLEM, "reports-refused", "reports", uri + " takes no reports: " + destination.detail(),
                destination.rua() instanceof Rua.Mailto ? "make the mailbox, or publish another address" : "publish a mailto or https URI");
            case UNKNOWN -> add(Severity.UNKNOWN, "reports-unknown", "reports", "whether " + uri + " takes reports is not known: "
                + destination.detail(), destination.rua() instanceof Rua.Https ? "see whether the server answers there over HTTPS"
                : "try again; servers often refuse strangers at first (greylisting)");
        }
    }

    private void expiry(String subject, String code, String what, Instant notAfter) {
        expiry(subject, code, what, notAfter, view.time(), warn).ifPresent(lines::add);
    }

    /** A certificate that has expired is the matter of who verifies it. */
    static Optional<Line> expiry(String subject, String code, String what, Instant notAfter, Instant now, Duration warn) {
        long days = Duration.between(now, notAfter).toDays();
        return notAfter.isAfter(now) && notAfter.isBefore(now.plus(warn))
            ? Optional.of(new Line(Severity.PROBLEM, code, subject, what + " expires in " + days + (days == 1 ? " day" : " days") + ", at "
                + notAfter, "renew it now, and let it be renewed automatically"))
            : Optional.empty();
    }

    private void add(Severity severity, String code, String subject, String text, String remedy) {
        lines.add(new Line(severity, code, subject, text, remedy));
    }

    private static String text(String stranger) {
        return Sanitized.line(stranger, MAX_SHOWN);
    }
}
