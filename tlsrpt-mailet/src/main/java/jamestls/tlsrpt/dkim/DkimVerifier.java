package jamestls.tlsrpt.dkim;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import jamestls.tlsrpt.dkim.DkimVerifier.Verdict.Fault;
import jamestls.tlsrpt.dkim.DkimVerifier.Verdict.Invalid;
import jamestls.tlsrpt.dkim.DkimVerifier.Verdict.Unknown;
import jamestls.tlsrpt.dkim.DkimVerifier.Verdict.Valid;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Verifies the DKIM signatures of a report mail: signed by the domain of the author, with the whole body and a key in DNS (RFC 6376 §6,
 * RFC 8460 §3). Our own mails are judged as the strictest receivers do; mails of others less strictly, see {@link #verifyReceived}.
 */
public final class DkimVerifier {

    private static final int MAX_SIGNATURES = 5;
    private static final List<String> ALGORITHMS = List.of("rsa-sha256", "ed25519-sha256");

    private static final List<String> REPORT_FIELDS = List.of("tls-report-domain", "tls-report-submitter");
    /** Bounds of a stranger's mail, far above those of real ones. */
    private static final int MAX_HEADER = 256 << 10;
    private static final int MAX_HEADER_FIELDS = 1_000;
    private static final int MAX_SIGNATURE = 8_000;
    private static final int MAX_SIGNED_FIELDS = 200;

    /** Whose mail is verified. */
    private enum Author { OURS, OTHER }

    private final Dns dns;

    public DkimVerifier(Dns dns) {
        this.dns = dns;
    }

    /**
     * Verifies all signatures of a mail, and returns the best verdict.
     *
     * @param mail the mail, with any line ends
     * @param author domain of From, whose signature is required
     */
    public Verdict verify(byte[] mail, DomainName author) {
        return verify(SignedMail.of(mail), author, Author.OURS);
    }

    /**
     * Verifies a report mail of somebody else. The signature may be by the domain of the author or by a domain above it, whose owner
     * controls the author's name in DNS anyway. TLS-Report fields that are not signed (RFC 8460 §5.3: should be) and a key that is not
     * declared for reports (RFC 8460 §3: may be ignored) are noted in the verdict.
     *
     * @param mail the mail, with any line ends
     * @param author domain of From
     */
    public Verdict verifyReceived(byte[] mail, DomainName author) {
        SignedMail signed = SignedMail.of(mail);
        if (signed.fields().size() > MAX_HEADER_FIELDS || signed.fields().stream().mapToInt(String::length).sum() > MAX_HEADER) {
            return new Invalid(Fault.NOT_UNDERSTOOD, "the header is too large");
        }
        return verify(signed, author, Author.OTHER);
    }

    private Verdict verify(SignedMail signed, DomainName author, Author whose) {
        // the author's own go first, so that the bound hides none of them behind others
        List<String> signatures = signed.named("dkim-signature").stream().filter(field -> field.length() <= MAX_SIGNATURE)
            .sorted(Comparator.comparing((String field) -> !isOf(author, tagsOf(field), whose))).limit(MAX_SIGNATURES).toList();
        Verdict best = new Invalid(Fault.UNSIGNED, "report mails are unsigned, and receivers ignore them: add DKIMSign with d="
            + author + " to the processor that they go through, before SecureRemoteDelivery");
        for (String signature : signatures) {
            Verdict verdict = verify(signed, signature, author, whose);
            if (verdict instanceof Valid) {
                return verdict;
            }
            best = best instanceof Invalid first && first.fault() != Fault.UNSIGNED && first.fault() != Fault.OTHER_DOMAIN
                ? best : verdict;
        }
        return best;
    }

    private Verdict verify(SignedMail mail, String field, DomainName author, Author whose) {
        PublicKeyRecord.TagList tags = tagsOf(field);
        String domain = tags.compact("d").orElse("");
        if (!isOf(author, tags, whose)) {
            return new Invalid(Fault.OTHER_DOMAIN, "report mails come from " + author + " and are signed by '" + printable(domain)
                + "': write d=" + author + " in signatureTemplate of DKIMSign, or give TlsReporting a contact and from in that domain");
        }
        if (tags.compact("v").filter("1"::equals).isEmpty() || !isBelow(tags.compact("i").orElse("@" + domain), domain)) {
            return new Invalid(Fault.NOT_UNDERSTOOD, "the signature of report mails is not valid: signatureTemplate of DKIMSign begins "
                + "with v=1, and i=, if it is there, names " + printable(domain) + " or a domain below it");
        }
        String algorithm = tags.compact("a").orElse("");
        if (!ALGORITHMS.contains(algorithm)) {
            return new Invalid(Fault.NOT_UNDERSTOOD, "report mails are signed with '" + printable(algorithm)
                + "': write a=rsa-sha256 in signatureTemplate of DKIMSign");
        }
        // RFC 8460 §3: the signature must not use l=
        if (tags.get("l").isPresent() || !tags.list("h").contains("from")) {
            return new Invalid(Fault.PARTIAL, "the signature of report mails covers them in part only: leave l= out of "
                + "signatureTemplate of DKIMSign, and name from in h=");
        }
        List<String> signedFields = tags.list("h");
        List<String> notes = new ArrayList<>();
        // RFC 8460 §5.3: it should cover both
        if (!signedFields.containsAll(REPORT_FIELDS)) {
            notes.add("the signature does not cover " + String.join(" and ", REPORT_FIELDS));
        }
        if (signedFields.size() > MAX_SIGNED_FIELDS) {
            return new Invalid(Fault.NOT_UNDERSTOOD, "the signature names more than " + MAX_SIGNED_FIELDS + " header fields");
        }
        if (!notes.isEmpty() && whose == Author.OURS) {
            return new Invalid(Fault.PARTIAL, "the signature of report mails should cover " + String.join(" and ", REPORT_FIELDS)
                + ": add them to h= in signatureTemplate of DKIMSign");
        }
        String[] forms = tags.compact("c").orElse("simple/simple").split("/");
        SignedMail.Form ofBody = SignedMail.Form.of(forms.length > 1 ? forms[1] : "simple");
        Optional<byte[]> bodyHash = base64(tags, "bh");
        if (bodyHash.isEmpty() || !MessageDigest.isEqual(bodyHash.get(), mail.bodyHash(ofBody))) {
            return new Invalid(Fault.CHANGED, "report mails are changed after they are signed: put DKIMSign behind every mailet that "
                + "changes mails, right before SecureRemoteDelivery");
        }
        byte[] octets = mail.signedOctets(signedFields, SignedMail.Form.of(forms[0]), withoutB(field));
        Verdict verdict = byKey(tags, domain, algorithm, octets, whose);
        if (verdict instanceof Valid valid) {
            notes.addAll(valid.notes());
            return new Valid(valid.signer(), notes);
        }
        return verdict;
    }

    private static PublicKeyRecord.TagList tagsOf(String field) {
        return PublicKeyRecord.TagList.of(SignedMail.value(field).replace("\r\n", ""));
    }

    private static boolean isOf(DomainName author, PublicKeyRecord.TagList tags, Author whose) {
        return DomainName.parse(tags.compact("d").orElse("")).filter(domain -> domain.equals(author)
            || whose == Author.OTHER && domain.ascii().contains(".") && author.ascii().endsWith("." + domain)).isPresent();
    }

    private Verdict byKey(PublicKeyRecord.TagList tags, String domain, String algorithm, byte[] octets, Author whose) {
        String name = tags.compact("s").orElse("") + "._domainkey." + domain;
        Optional<DomainName> keyName = DomainName.parse(name);
        if (keyName.isEmpty()) {
            return new Invalid(Fault.NOT_UNDERSTOOD, "'" + printable(name) + "' is no name for a key: correct s= in signatureTemplate");
        }
        return switch (dns.txt(keyName.get())) {
            case DnsAnswer.Failed<String> failed -> new Unknown(name + ": " + failed.reason());
            case DnsAnswer.Bogus<String> bogus -> new Unknown(name + " fails DNSSEC: " + bogus.reason());
            case DnsAnswer.Absent<String> absent -> noKey(name);
            case DnsAnswer.Found<String> found ->
                byKey(PublicKeyRecord.of(found.records().getFirst()), domain, tags, algorithm, octets, whose);
        };
    }

    private static Verdict byKey(PublicKeyRecord key, String domain, PublicKeyRecord.TagList tags, String algorithm, byte[] octets,
                                 Author whose) {
        String name = tags.compact("s").orElse("") + "._domainkey." + domain;
        if (key.isRevoked()) {
            return noKey(name);
        }
        try {
            if (!key.isFor(algorithm) || !key.verifies(algorithm, octets, base64(tags, "b").orElse(new byte[0]))) {
                return wrongKey(name);
            }
            if (key.isTooShort()) {
                return new Invalid(Fault.KEY_TOO_SHORT, "the DKIM key at " + name + " has fewer than 1024 bits, and receivers refuse it: "
                    + "make one of 2048 bits");
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return wrongKey(name);
        }
        // RFC 6376 §3.6.1: with t=s the identity is in the domain of the key itself
        String identity = tags.compact("i").orElse("@" + domain);
        if (key.tags().list("t").contains("s") && !identity.substring(identity.lastIndexOf('@') + 1).equalsIgnoreCase(domain)) {
            return new Invalid(Fault.NOT_UNDERSTOOD, "the DKIM key at " + name + " has t=s: leave i= out of signatureTemplate of DKIMSign");
        }
        if (whose == Author.OTHER && (key.servesMail() || key.servesReports())) {
            return new Valid(DomainName.of(domain), key.servesReports() ? List.of() : List.of("the key is not declared for TLS reports"));
        }
        if (!key.servesMail()) {
            return new Invalid(Fault.KEY_NOT_FOR_MAIL, "the DKIM key at " + name + " is not for mail, and receivers take the signatures "
                + "of report mails for invalid: leave s= out of its record");
        }
        return key.servesReports() ? new Valid(DomainName.of(domain), List.of())
            : new Invalid(Fault.KEY_NOT_FOR_REPORTS, "the DKIM key at " + name + " is not for TLS reports, and receivers may ignore "
                + "them: leave s= out of its record");
    }

    /** Whether the domain of i= is that of d= or below it (RFC 6376 §3.5). */
    private static boolean isBelow(String identity, String domain) {
        String identityDomain = identity.substring(identity.lastIndexOf('@') + 1).toLowerCase(Locale.ROOT);
        return ("." + identityDomain).endsWith("." + domain.toLowerCase(Locale.ROOT));
    }

    private static Verdict noKey(String name) {
        return new Invalid(Fault.NO_KEY, "report mails are signed with a key that is not in DNS: publish it as a TXT record at " + name);
    }

    private static Verdict wrongKey(String name) {
        return new Invalid(Fault.WRONG_KEY, "the signature of report mails does not fit the DKIM key at " + name
            + ": publish the key that belongs to DKIMSign's private one, or see which mailet behind DKIMSign changes header fields");
    }

    /** The signature's own field with an empty {@code b=}, as it is signed (RFC 6376 §3.5). */
    private static String withoutB(String field) {
        return field.replaceFirst("([:;][ \\t\\r\\n]*b[ \\t\\r\\n]*=)[^;]*", "$1");
    }

    private static Optional<byte[]> base64(PublicKeyRecord.TagList tags, String name) {
        try {
            return tags.compact(name).map(Base64.getDecoder()::decode);
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
    }

    private static String printable(String text) {
        return Sanitized.ascii(text, 255).replace(' ', '?');
    }

    /** Result of the verification of a mail (RFC 8460 §3). */
    public sealed interface Verdict {

        /**
         * The mail has a valid signature by the required domain.
         *
         * @param signer the domain that signed it
         * @param notes shortcomings that do not make it invalid; none for our own mails
         */
        record Valid(DomainName signer, List<String> notes) implements Verdict {

            public Valid {
                notes = List.copyOf(notes);
            }
        }

        /** The mail has no signature that receivers accept; the problem is a sentence with the remedy. */
        record Invalid(Fault fault, String problem) implements Verdict {
        }

        /** The lookup of the key failed. */
        record Unknown(String reason) implements Verdict {
        }

        /** Kind of problem. */
        enum Fault {
            UNSIGNED, OTHER_DOMAIN, PARTIAL, NO_KEY, KEY_NOT_FOR_MAIL, KEY_NOT_FOR_REPORTS, KEY_TOO_SHORT, CHANGED, WRONG_KEY,
                NOT_UNDERSTOOD;

            /** Value of the log field {@code signature}. */
            public String word() {
                return name().toLowerCase(Locale.ROOT).replace('_', '-');
            }
        }
    }
}
