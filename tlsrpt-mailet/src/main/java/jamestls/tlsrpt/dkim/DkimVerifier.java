package jamestls.tlsrpt.dkim;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import jamestls.tlsrpt.dkim.SignatureVerdict.Fault;
import jamestls.tlsrpt.dkim.SignatureVerdict.Holds;
import jamestls.tlsrpt.dkim.SignatureVerdict.Unknown;
import jamestls.tlsrpt.dkim.SignatureVerdict.Worthless;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Verifies a report mail as its receivers will: signed by the domain of its author, nothing left out of the body, with a key that
 * is in DNS (RFC 6376 §6, RFC 8460 §3).
 */
public final class DkimVerifier {

    private static final int MAX_SIGNATURES = 5;
    private static final List<String> ALGORITHMS = List.of("rsa-sha256", "ed25519-sha256");

    private static final List<String> REPORT_FIELDS = List.of("tls-report-domain", "tls-report-submitter");

    private final Dns dns;

    public DkimVerifier(Dns dns) {
        this.dns = dns;
    }

    /**
     * The best that can be said of any of its signatures.
     *
     * @param mail as it leaves; line ends may be any
     * @param author the domain of From, which should have signed
     */
    public SignatureVerdict of(byte[] mail, DomainName author) {
        SignedMail signed = SignedMail.of(mail);
        List<String> signatures = signed.named("dkim-signature").stream().limit(MAX_SIGNATURES).toList();
        SignatureVerdict worst = new Worthless(Fault.UNSIGNED, "report mails are unsigned, and receivers ignore them: add DKIMSign with d="
            + author + " to the processor that they go through, before SecureRemoteDelivery");
        for (String signature : signatures) {
            SignatureVerdict verdict = verify(signed, signature, author);
            if (verdict instanceof Holds) {
                return verdict;
            }
            worst = worst instanceof Worthless first && first.fault() != Fault.UNSIGNED && first.fault() != Fault.OTHER_DOMAIN
                ? worst : verdict;
        }
        return worst;
    }

    private SignatureVerdict verify(SignedMail mail, String field, DomainName author) {
        TagList tags = TagList.of(SignedMail.value(field).replace("\r\n", ""));
        String domain = tags.packed("d").orElse("");
        if (DomainName.parse(domain).filter(author::equals).isEmpty()) {
            return new Worthless(Fault.OTHER_DOMAIN, "report mails come from " + author + " and are signed by '" + printable(domain)
                + "': write d=" + author + " in signatureTemplate of DKIMSign, or give TlsReporting a contact and from in that domain");
        }
        if (tags.packed("v").filter("1"::equals).isEmpty() || !isBelow(tags.packed("i").orElse("@" + domain), domain)) {
            return new Worthless(Fault.NOT_UNDERSTOOD, "the signature of report mails is not valid: signatureTemplate of DKIMSign begins "
                + "with v=1, and i=, if it is there, names " + printable(domain) + " or a domain below it");
        }
        String algorithm = tags.packed("a").orElse("");
        if (!ALGORITHMS.contains(algorithm)) {
            return new Worthless(Fault.NOT_UNDERSTOOD, "report mails are signed with '" + printable(algorithm)
                + "': write a=rsa-sha256 in signatureTemplate of DKIMSign");
        }
        // RFC 8460 §3: the signature must not use l=
        if (tags.get("l").isPresent() || !tags.list("h").contains("from")) {
            return new Worthless(Fault.PARTIAL, "the signature of report mails covers them in part only: leave l= out of "
                + "signatureTemplate of DKIMSign, and name from in h=");
        }
        // RFC 8460 §5.3: it should cover both
        if (!tags.list("h").containsAll(REPORT_FIELDS)) {
            return new Worthless(Fault.PARTIAL, "the signature of report mails should cover " + String.join(" and ", REPORT_FIELDS)
                + ": add them to h= in signatureTemplate of DKIMSign");
        }
        String[] forms = tags.packed("c").orElse("simple/simple").split("/");
        SignedMail.Form ofBody = SignedMail.Form.of(forms.length > 1 ? forms[1] : "simple");
        Optional<byte[]> bodyHash = base64(tags, "bh");
        if (bodyHash.isEmpty() || !MessageDigest.isEqual(bodyHash.get(), mail.bodyHash(ofBody))) {
            return new Worthless(Fault.CHANGED, "report mails are changed after they are signed: put DKIMSign behind every mailet that "
                + "changes mails, right before SecureRemoteDelivery");
        }
        byte[] octets = mail.signedOctets(tags.list("h"), SignedMail.Form.of(forms[0]), withoutB(field));
        return byKey(tags, domain, algorithm, octets);
    }

    private SignatureVerdict byKey(TagList tags, String domain, String algorithm, byte[] octets) {
        String name = tags.packed("s").orElse("") + "._domainkey." + domain;
        Optional<DomainName> place = DomainName.parse(name);
        if (place.isEmpty()) {
            return new Worthless(Fault.NOT_UNDERSTOOD, "'" + printable(name) + "' is no name for a key: correct s= in signatureTemplate");
        }
        return switch (dns.txt(place.get())) {
            case DnsAnswer.Failed<String> failed -> new Unknown(name + ": " + failed.reason());
            case DnsAnswer.Bogus<String> bogus -> new Unknown(name + " fails DNSSEC: " + bogus.reason());
            case DnsAnswer.Absent<String> absent -> noKey(name);
            case DnsAnswer.Found<String> found -> byKey(PublicKeyRecord.of(found.records().getFirst()), name, tags, algorithm, octets);
        };
    }

    private static SignatureVerdict byKey(PublicKeyRecord key, String name, TagList tags, String algorithm, byte[] octets) {
        if (key.isRevoked()) {
            return noKey(name);
        }
        try {
            if (!key.isFor(algorithm) || !key.verifies(algorithm, octets, base64(tags, "b").orElse(new byte[0]))) {
                return wrongKey(name);
            }
            if (key.isTooShort()) {
                return new Worthless(Fault.KEY_TOO_SHORT, "the DKIM key at " + name + " has fewer than 1024 bits, and receivers refuse it: "
                    + "make one of 2048 bits");
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return wrongKey(name);
        }
        if (!key.servesMail()) {
            return new Worthless(Fault.KEY_NOT_FOR_MAIL, "the DKIM key at " + name + " is not for mail, and receivers take the signatures "
                + "of report mails for invalid: leave s= out of its record");
        }
        return key.servesReports() ? new Holds()
            : new Worthless(Fault.KEY_NOT_FOR_REPORTS, "the DKIM key at " + name + " is not for TLS reports, and receivers may ignore "
                + "them: leave s= out of its record");
    }

    /** RFC 6376 §3.5: the domain of i= is that of d=, or below it. */
    private static boolean isBelow(String identity, String domain) {
        String identityDomain = identity.substring(identity.lastIndexOf('@') + 1).toLowerCase(Locale.ROOT);
        return ("." + identityDomain).endsWith("." + domain.toLowerCase(Locale.ROOT));
    }

    private static SignatureVerdict noKey(String name) {
        return new Worthless(Fault.NO_KEY, "report mails are signed with a key that is not in DNS: publish it as a TXT record at " + name);
    }

    private static SignatureVerdict wrongKey(String name) {
        return new Worthless(Fault.WRONG_KEY, "the signature of report mails does not fit the DKIM key at " + name
            + ": publish the key that belongs to DKIMSign's private one, or see which mailet behind DKIMSign changes header fields");
    }

    /** RFC 6376 §3.5: the signature's own field is signed with an empty {@code b=}. */
    private static String withoutB(String field) {
        return field.replaceFirst("([:;][ \\t\\r\\n]*b[ \\t\\r\\n]*=)[^;]*", "$1");
    }

    private static Optional<byte[]> base64(TagList tags, String name) {
        try {
            return tags.packed(name).map(Base64.getDecoder()::decode);
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
    }

    private static String printable(String text) {
        return Sanitized.ascii(text, 255).replace(' ', '?');
    }
}
