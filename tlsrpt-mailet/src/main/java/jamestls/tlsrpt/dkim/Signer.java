package jamestls.tlsrpt.dkim;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Signs mails as James's DKIMSign would: by a template such as {@code v=1; a=rsa-sha256; d=example.org; s=sel; h=from:to; bh=; b=;}
 * (RFC 6376 §3.5).
 */
public final class Signer {

    private static final String CRLF = "\r\n";
    private static final String ALGORITHM = "rsa-sha256";

    private final TagList template;
    private final PrivateKey key;

    /**
     * Takes the same template as DKIMSign.
     *
     * @param key RSA
     * @throws IllegalArgumentException when the template lacks what is needed, or asks for what can't be done here
     */
    public Signer(String template, PrivateKey key) {
        this.template = TagList.of(template);
        this.key = key;
        for (String tag : List.of("d", "s", "h")) {
            if (this.template.packed(tag).orElse("").isEmpty()) {
                throw new IllegalArgumentException("signatureTemplate has no " + tag + "=");
            }
        }
        if (!this.template.packed("a").orElse(ALGORITHM).equals(ALGORITHM)) {
            throw new IllegalArgumentException("only a=rsa-sha256 can be made here");
        }
        if (this.template.get("l").isPresent()) {
            // RFC 8460 §3
            throw new IllegalArgumentException("l= is not allowed for reports");
        }
    }

    /** The domain that signs, as in {@code d=}. */
    public String domain() {
        return template.packed("d").orElseThrow();
    }

    /** @return the mail with the signature as its first field */
    public byte[] sign(byte[] mail) {
        SignedMail signed = SignedMail.of(mail);
        String[] forms = template.packed("c").orElse("simple/simple").split("/");
        SignedMail.Form ofBody = SignedMail.Form.of(forms.length > 1 ? forms[1] : "simple");
        String bodyHash = Base64.getEncoder().encodeToString(signed.bodyHash(ofBody));
        String unfinished = "DKIM-Signature: " + template.values().entrySet().stream()
            .filter(tag -> !tag.getKey().equals("bh") && !tag.getKey().equals("b"))
            .map(tag -> tag.getKey() + "=" + tag.getValue().replaceAll("\\s+", ""))
            .collect(Collectors.joining(";" + CRLF + " ")) + ";" + CRLF + " bh=" + bodyHash + ";" + CRLF + " b=";
        byte[] octets = signed.signedOctets(template.list("h"), SignedMail.Form.of(forms[0]), unfinished);
        String field = unfinished + String.join(CRLF + "  ", signature(octets).split("(?<=\\G.{72})")) + CRLF;
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.writeBytes(field.getBytes(StandardCharsets.US_ASCII));
        whole.writeBytes(mail);
        return whole.toByteArray();
    }

    private String signature(byte[] octets) {
        try {
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(key);
            signature.update(octets);
            return Base64.getEncoder().encodeToString(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("an RSA key signs", e);
        }
    }

    /** The first mistake that would make the signature worthless for reports of that domain. */
    public Optional<String> objection(String author) {
        return domain().equalsIgnoreCase(author) ? Optional.empty()
            : Optional.of("DKIMSign signs for " + domain() + ", and the reports come from " + author);
    }
}
