package jamestls.mtasts.check;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.mtasts.check.CheckResult.Line;
import jamestls.mtasts.check.CheckResult.Severity;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.dane.DaneVerifier;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.delivery.DryRunResult.HostFindings;
import jamestls.mtasts.delivery.DryRunResult.SessionFindings;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.net.Sanitized;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.smtp.SessionFailure;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.TlsObservation.Handshake;
import jamestls.smtp.TlsObservation.StartTls;
import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Judges one MX host by the sessions with it. */
public final class HostJudge {

    private static final int MAX_SHOWN = 300;

    private final HostFindings host;
    private final DomainView view;
    private final CertificateCheck certificates;
    private final Duration warn;
    private final List<Line> lines = new ArrayList<>();

    private HostJudge(HostFindings host, DomainView view, CertificateCheck certificates, Duration warn) {
        this.host = host;
        this.view = view;
        this.certificates = certificates;
        this.warn = warn;
    }

    /** @param noneReached whether no host of the domain answered: then it may be this machine's network that does not let SMTP out */
    static List<Line> of(HostFindings host, DomainView view, CertificateCheck certificates, Duration warn, boolean noneReached) {
        HostJudge judge = new HostJudge(host, view, certificates, warn);
        judge.listing();
        judge.lookUps();
        host.sessions().forEach(session -> judge.session(session.seen(), noneReached));
        if (host.sessions().isEmpty() && !host.reachable().isEmpty()) {
            judge.add(Severity.UNKNOWN, "not-connected", "was not connected to" + judge.causes(), "try again");
        }
        if (judge.lines.isEmpty()) {
            judge.add(Severity.FINE, "mx", judge.summary(), "");
        }
        return judge.lines;
    }

    /** Whether a session got as far as EHLO. */
    static boolean isReached(HostFindings host) {
        return host.sessions().stream().anyMatch(session -> session.seen().startTls() != StartTls.UNKNOWN);
    }

    /** The host's certificates, one for each address that showed one. */
    public static List<X509Certificate> certificates(HostFindings host) {
        return host.sessions().stream().map(SessionFindings::seen).flatMap(seen -> seen.handshake() instanceof Handshake.Completed completed
            ? completed.chain().stream().limit(1) : Stream.empty()).distinct().toList();
    }

    private void listing() {
        Optional<StsPolicy> policy = view.active();
        if (policy.isPresent() && !policy.get().lists(name())) {
            boolean enforced = policy.get().mode() == StsPolicy.Mode.ENFORCE;
            add(Severity.PROBLEM, "not-listed", "is not in the policy, so " + (enforced ? "strict senders give it no mail"
                : "strict senders report it, and would give it no mail in mode enforce"),
                "add the line mx: " + name() + " and change the id, or take the host out of the MX records");
        }
    }

    private void lookUps() {
        switch (host.plan().addresses()) {
            case DnsAnswer.Absent<InetAddress> absent -> add(Severity.PROBLEM, "no-address", "has no address",
                "publish one, or take the host out of the MX records");
            case DnsAnswer.Bogus<InetAddress> bogus -> add(Severity.PROBLEM, "dnssec", "its addresses fail DNSSEC: " + text(bogus.reason()),
                "mend the zone");
            case DnsAnswer.Failed<InetAddress> failed -> add(Severity.UNKNOWN, "dns", "its addresses are not known: "
                + text(failed.reason()), "try again; if it stays so, mend its name servers");
            case DnsAnswer.Found<InetAddress> found when host.reachable().isEmpty()
                && !(host.plan().dane() instanceof DaneLookup.Unreachable) ->
                add(Severity.PROBLEM, "not-public", "has no address that can be reached from outside" + causes(),
                    "publish a public address; in a network of your own, allow private ones (allowPrivateAddresses, --allow-private)");
            case DnsAnswer.Found<InetAddress> found -> {
                // the sessions tell
            }
        }
        if (host.plan().dane() instanceof DaneLookup.Unreachable unreachable) {
            add(Severity.PROBLEM, "dnssec", "senders that use DANE do not connect to it: " + unreachable.violation(),
                "mend the zone and the name servers of " + unreachable.base() + ", so that TLSA look-ups are answered");
        }
        if (host.plan().dane() instanceof DaneLookup.Found found && found.tlsa().usable().isEmpty()) {
            add(Severity.ADVICE, "tlsa-unusable", "none of its TLSA records is usable, so its certificate is not verified by DANE",
                "publish records of the usages 3 or 2, such as 3 1 1");
        }
    }

    private void session(TlsObservation seen, boolean noneReached) {
        String at = " [" + seen.receivingIp().getHostAddress() + "]";
        if (seen.startTls() == StartTls.UNKNOWN) {
            String why = text(seen.failure().map(SessionFailure::detail).orElse("no session"));
            if (noneReached) {
                add(Severity.UNKNOWN, "not-reached", "could not be reached" + at + ": " + why,
                    "if your network does not let port 25 out, run this from another one; else see whether the host runs");
            } else {
                add(Severity.PROBLEM, "not-reached", "does not take mail at" + at + ": " + why, "let the host answer at that address, or "
                    + "take the address out of DNS");
            }
            return;
        }
        switch (seen.handshake()) {
            case Handshake.NotAttempted none -> add(Severity.PROBLEM, "starttls", "offers no TLS" + at
                + seen.startTlsReply().map(reply -> ": it answers STARTTLS with " + text(reply.toString())).orElse(""),
                "let it offer STARTTLS, with TLS 1.2 or 1.3");
            case Handshake.Failed failed -> add(Severity.PROBLEM, "tls", "TLS fails" + at + ": " + text(failed.cause()),
                "let it offer TLS 1.2 and 1.3 with usual cipher suites");
            case Handshake.Completed completed -> certificate(completed, at);
        }
    }

    private void certificate(Handshake.Completed completed, String at) {
        Optional<TlsaSet> tlsa = host.plan().dane() instanceof DaneLookup.Found found && !found.tlsa().usable().isEmpty()
            ? Optional.of(found.tlsa()) : Optional.empty();
        List<Violation> dane = tlsa.map(records -> DaneVerifier.faults(completed.chain(), records, view.time())).orElse(List.of());
        dane.forEach(fault -> add(Severity.PROBLEM, "dane", "fails DANE" + at + ": " + fault
            + "; senders that use DANE give it no mail", "publish " + Tlsa311.of(completed.chain().getFirst())
            + " at _25._tcp." + name() + " beside the others"));
        List<Violation> pkix = certificates.faults(completed.chain(), name(), view.time());
        boolean daneSuffices = tlsa.isPresent() && dane.isEmpty() && view.active().isEmpty();
        for (Violation fault : daneSuffices ? List.<Violation>of() : pkix) {
            add(view.active().isPresent() ? Severity.PROBLEM : Severity.ADVICE, fault.type().wireName(), "its certificate would not do"
                + at + ": " + fault, remedy(fault.type()));
        }
        X509Certificate leaf = completed.chain().isEmpty() ? null : completed.chain().getFirst();
        if (leaf != null && !daneSuffices) {
            Judge.expiry(name().ascii(), "certificate-expires", "its certificate" + at, leaf.getNotAfter().toInstant(), view.time(), warn)
                .ifPresent(lines::add);
        }
        if (leaf != null && tlsa.isPresent() && dane.isEmpty() && tlsa.get().usable().size() == 1 && isSoonReplaced(leaf)) {
            add(Severity.ADVICE, "rollover", "has one TLSA record, and its certificate ends " + leaf.getNotAfter().toInstant(),
                "if the next certificate has another key, publish its record two TTLs before (RFC 7671 section 8.1): 'records "
                    + view.domain() + " --next-key FILE'");
        }
    }

    private boolean isSoonReplaced(X509Certificate leaf) {
        return leaf.getNotAfter().toInstant().isBefore(view.time().plus(warn.multipliedBy(2)));
    }

    private String remedy(ResultType type) {
        return switch (type) {
            case CERTIFICATE_EXPIRED -> "renew it now";
            case CERTIFICATE_HOST_MISMATCH -> "give it a certificate with the DNS name " + name();
            case CERTIFICATE_NOT_TRUSTED -> "use a certificate by an authority that everybody trusts, and let the server send the "
                + "intermediate certificates";
            default -> "replace it";
        };
    }

    /** What is good about the host, for the line that says so. */
    private String summary() {
        List<String> parts = new ArrayList<>();
        host.sessions().stream().flatMap(session -> session.seen().handshake() instanceof Handshake.Completed completed
            ? Stream.of(completed.protocol()) : Stream.empty()).distinct().forEach(parts::add);
        certificates(host).stream().map(leaf -> "certificate valid for another "
            + Duration.between(view.time(), leaf.getNotAfter().toInstant()).toDays() + " days").distinct().forEach(parts::add);
        view.active().ifPresent(policy -> parts.add("listed"));
        if (host.plan().dane() instanceof DaneLookup.Found found) {
            parts.add("DANE, " + found.tlsa().usable().size() + " TLSA records");
        }
        return String.join(", ", parts);
    }

    private String causes() {
        return host.causes().isEmpty() ? "" : ": " + text(String.join("; ", host.causes()));
    }

    private DomainName name() {
        return host.plan().host().name();
    }

    private void add(Severity severity, String code, String text, String remedy) {
        lines.add(new Line(severity, code, name().ascii(), text, remedy));
    }

    private static String text(String stranger) {
        return Sanitized.line(stranger, MAX_SHOWN);
    }
}
