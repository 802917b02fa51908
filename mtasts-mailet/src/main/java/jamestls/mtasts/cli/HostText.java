package jamestls.mtasts.cli;

import jamestls.cli.Json;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DnsId;
import jamestls.dns.DomainName;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.delivery.DryRunResult.HostFindings;
import jamestls.mtasts.delivery.DryRunResult.SessionFindings;
import jamestls.mtasts.delivery.Gateways;
import jamestls.mtasts.mx.MxHost;
import jamestls.net.Sanitized;
import jamestls.outcome.Violation;
import jamestls.smtp.TlsObservation.Handshake;
import java.net.InetAddress;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** One host of an explanation, as text and as JSON. */
final class HostText {

    private HostText() {
    }

    static List<String> lines(HostFindings host) {
        List<String> lines = new ArrayList<>();
        boolean gateway = host.plan().host().namedBy() == MxHost.NamedBy.OPERATOR;
        lines.add("  " + (gateway ? "gateway" : host.plan().host().preference()) + " " + name(host.plan().host()));
        lines.add("    address  " + addresses(host.plan().addresses()));
        lines.add("    TLSA     " + tlsa(host.plan().dane()));
        host.plan().rules().entries().forEach(entry -> lines.add("    rule     " + entry.rule() + " (by " + entry.who() + ")"));
        lines.add("    demand   " + host.plan().demand().logWord());
        for (SessionFindings session : host.sessions()) {
            lines.add("    session  " + session.seen().receivingIp().getHostAddress() + ": " + tls(session));
            certificates(session).forEach(certificate -> lines.add("      chain  " + certificate));
            lines.add("    verdict  " + RecordingDns.word(session.verdict().ruling()).replace('_', ' ') + ", tls="
                + session.verdict().level() + inWords(session.verdict().shortfall()));
        }
        host.causes().forEach(cause -> lines.add("    because  " + cause));
        return lines;
    }

    /** The name or address of the host, with the port if one is configured. */
    static String name(MxHost host) {
        return Gateways.written(host);
    }

    static Map<String, Object> json(HostFindings host) {
        return Json.object("host", host.plan().host().name().ascii(), "preference", host.plan().host().preference(),
            "addresses", addresses(host.plan().addresses()), "tlsa", tlsaJson(host.plan().dane()),
            "rules", host.plan().rules().entries().stream().map(entry ->
                Json.object("rule", entry.rule().toString(), "source", RecordingDns.word(entry.source()), "who", entry.who())).toList(),
            "demand", host.plan().demand().logWord(),
            "reachable", host.reachable().stream().map(InetAddress::getHostAddress).toList(),
            "sessions", host.sessions().stream().map(HostText::json).toList(), "causes", host.causes());
    }

    private static Map<String, Object> json(SessionFindings session) {
        return Json.object("ip", session.seen().receivingIp().getHostAddress(),
            "greeting", session.seen().greeting().map(Object::toString).orElse(null),
            "startTls", RecordingDns.word(session.seen().startTls()), "tls", tls(session), "chain", certificates(session),
            "ruling", RecordingDns.word(session.verdict().ruling()), "level", session.verdict().level().toString(),
            "shortfall", session.verdict().shortfall().stream().map(Violation::toString).toList());
    }

    private static String addresses(DnsAnswer<InetAddress> answer) {
        return switch (answer) {
            case DnsAnswer.Found<InetAddress> found -> RecordingDns.word(found.security()) + " "
                + String.join(", ", found.records().stream().map(InetAddress::getHostAddress).toList());
            case DnsAnswer.Absent<InetAddress> absent -> "none (" + RecordingDns.word(absent.security()) + ")";
            case DnsAnswer.Bogus<InetAddress> bogus -> "bogus: " + bogus.reason();
            case DnsAnswer.Failed<InetAddress> failed -> "failed: " + failed.reason();
        };
    }

    private static String tlsa(DaneLookup lookup) {
        return switch (lookup) {
            case DaneLookup.NoDane none -> "no DANE: " + none.reason();
            case DaneLookup.NoAddress none -> "not looked up without an address";
            case DaneLookup.Unreachable unknown -> unknown.violation().toString();
            case DaneLookup.Found found -> "base domain " + found.tlsa().base() + "; "
                + String.join(", ", found.tlsa().published().stream().map(TlsaSet::text).toList()) + "; " + found.tlsa().usable().size()
                + " used" + (found.tlsa().usable().isEmpty() ? "" : ", names "
                    + String.join(", ", found.tlsa().referenceNames().stream().map(DomainName::ascii).toList()));
        };
    }

    private static Map<String, Object> tlsaJson(DaneLookup lookup) {
        return switch (lookup) {
            case DaneLookup.Found found -> Json.object("base", found.tlsa().base().ascii(),
                "records", found.tlsa().published().stream().map(TlsaSet::text).toList(),
                "used", found.tlsa().usable().stream().map(TlsaSet::text).toList(),
                "names", found.tlsa().referenceNames().stream().map(DomainName::ascii).toList());
            default -> Json.object("base", null, "why", tlsa(lookup));
        };
    }

    private static String tls(SessionFindings session) {
        String trouble = session.seen().failure().map(failure -> "; then " + failure.detail()).orElse("");
        return switch (session.seen().handshake()) {
            case Handshake.Completed completed -> completed.protocol() + " " + completed.cipherSuite() + trouble;
            case Handshake.Failed failed -> "TLS failed: " + failed.cause();
            case Handshake.NotAttempted none -> "no TLS, STARTTLS "
                + RecordingDns.word(session.seen().startTls()).replace('_', ' ') + trouble;
        };
    }

    /** The certificates, each with the digest of its key as in a TLSA record. */
    private static List<String> certificates(SessionFindings session) {
        return session.seen().handshake() instanceof Handshake.Completed completed
            ? completed.chain().stream().map(HostText::certificate).toList() : List.of();
    }

    private static String certificate(X509Certificate certificate) {
        String text = certificate.getSubjectX500Principal().getName() + " " + DnsId.presented(certificate) + " by "
            + certificate.getIssuerX500Principal().getName() + " until " + certificate.getNotAfter().toInstant();
        return Sanitized.ascii(text, Integer.MAX_VALUE) + ", key " + digest(certificate.getPublicKey().getEncoded());
    }

    private static String digest(byte[] key) {
        try {
            return "x 1 1 " + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(key));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JVM has no SHA-256", e);
        }
    }

    private static String inWords(List<Violation> shortfall) {
        return shortfall.isEmpty() ? "" : ": " + String.join(", ", shortfall.stream().map(Violation::toString).toList());
    }
}
