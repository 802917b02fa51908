package jamestls.tlsrpt.dkim;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.sts;
import static jamestls.tlsrpt.dkim.JdkimSignatures.record;
import static jamestls.tlsrpt.dkim.JdkimSignatures.sign;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsServer;
import jamestls.tlsrpt.dkim.DkimVerifier.Verdict.Fault;
import jamestls.tlsrpt.dkim.DkimVerifier.Verdict.Invalid;
import jamestls.tlsrpt.dkim.DkimVerifier.Verdict.Unknown;
import jamestls.tlsrpt.dkim.DkimVerifier.Verdict.Valid;
import jamestls.tlsrpt.report.MailIds;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.ReportMail;
import jamestls.tlsrpt.report.TlsReport;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.ReportPeriod;
import jamestls.tlsrpt.store.TallyKey;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Verifies signatures that Apache jDKIM has made, as in James. */
class DkimVerifierTest {

    private static final DomainName AUTHOR = DomainName.of("sender.example");
    private static final String KEY_NAME = "sel._domainkey.sender.example";
    private static final String FIELDS = "from:to:subject:date:message-id:tls-report-domain:tls-report-submitter";
    private static KeyPair key;

    private final DnsServer dns = DnsServer.start();
    private DkimVerifier check;
    private final byte[] mail = ReportMail.write(file(), "tls@rcpt.example", NOON, new MailIds(new byte[32]));

    @BeforeAll
    static void key() {
        key = JdkimSignatures.rsaKey(2048);
    }

    @BeforeEach
    void publish() {
        publish(record("v=DKIM1; k=rsa; p=", key));
    }

    /** Publishes a key record, with a new resolver because it caches answers. */
    private void publish(String record) {
        dns.zone().remove(KEY_NAME, "TXT").txt(KEY_NAME, record);
        check = new DkimVerifier(new DnsjavaDns(DnsSettings.of(List.of(dns.address()))));
    }

    @AfterEach
    void stop() {
        dns.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"relaxed/relaxed", "simple/simple", "relaxed/simple", "simple/relaxed", "relaxed", "simple"})
    void signatureOfJamesShouldBeValid(String forms) {
        assertThat(check.verify(sign(template("sender.example", forms), key.getPrivate(), mail), AUTHOR)).isInstanceOf(Valid.class);
        byte[] odd = ("From: <a@sender.example>\r\nSubject:  two   blanks \r\n\tfolded  \r\nSubject: again\r\n\r\n"
            + " x  y\t\r\n\r\n  \r\nend \t\r\n\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1);
        assertThat(check.verify(sign(template("sender.example", forms), key.getPrivate(), odd), AUTHOR)).isInstanceOf(Valid.class);
    }

    @Test
    void emptyBodyShouldHaveTheHashesOfTheRfc() {
        SignedMail empty = SignedMail.of("From: <a@sender.example>\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));

        // RFC 6376 §3.4.3, §3.4.4
        assertThat(Base64.getEncoder().encodeToString(empty.bodyHash(SignedMail.Form.SIMPLE)))
            .isEqualTo("frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
        assertThat(Base64.getEncoder().encodeToString(empty.bodyHash(SignedMail.Form.RELAXED)))
            .isEqualTo("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    @Test
    void mailOfOthersShouldBeValidWithNotesWhereOurOwnWouldNot() {
        String template = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=sel; h=from:subject; bh=; b=;";
        byte[] signed = sign(template, key.getPrivate(), mail);

        assertThat(check.verifyReceived(signed, AUTHOR)).isEqualTo(new Valid(AUTHOR,
            List.of("the signature does not cover tls-report-domain and tls-report-submitter")));
        assertThat(check.verify(signed, AUTHOR)).isInstanceOf(Invalid.class);
        publish(record("v=DKIM1; k=rsa; s=email; p=", key));
        assertThat(check.verifyReceived(sign(template("sender.example", "relaxed/relaxed"), key.getPrivate(), mail), AUTHOR))
            .isEqualTo(new Valid(AUTHOR, List.of("the key is not declared for TLS reports")));
        publish(record("v=DKIM1; k=rsa; s=tlsrpt; p=", key));
        assertThat(check.verifyReceived(sign(template("sender.example", "relaxed/relaxed"), key.getPrivate(), mail), AUTHOR))
            .isEqualTo(new Valid(AUTHOR, List.of()));
        publish(record("v=DKIM1; k=rsa; s=other; p=", key));
        assertThat(check.verifyReceived(sign(template("sender.example", "relaxed/relaxed"), key.getPrivate(), mail), AUTHOR))
            .isInstanceOfSatisfying(Invalid.class, bad -> assertThat(bad.fault()).isEqualTo(Fault.KEY_NOT_FOR_MAIL));
    }

    @Test
    void keyForTheDomainItselfShouldNotServeIdentitiesBelowIt() {
        publish(record("v=DKIM1; k=rsa; t=s; p=", key));
        String template = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; i=%s; s=sel; h=" + FIELDS + "; bh=; b=;";

        assertThat(check.verifyReceived(sign(template.formatted("@sender.example"), key.getPrivate(), mail), AUTHOR))
            .isInstanceOf(Valid.class);
        assertThat(check.verifyReceived(sign(template.formatted("@mail.sender.example"), key.getPrivate(), mail), AUTHOR))
            .isInstanceOf(Invalid.class);
    }

    @Test
    void hostileHeaderShouldBeRefusedFast() {
        byte[] many = ("From: <a@sender.example>\r\n" + "X: y\r\n".repeat(100_000)).getBytes(StandardCharsets.US_ASCII);
        byte[] names = ("DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=sel; h=from:tls-report-domain:tls-report-submitter"
            + ":x".repeat(2_000) + "; bh=; b=\r\nFrom: <a@sender.example>\r\n\r\n").getBytes(StandardCharsets.US_ASCII);

        assertTimeout(Duration.ofSeconds(30), () -> {
            assertThat(check.verifyReceived(many, AUTHOR)).isInstanceOf(Invalid.class);
            assertThat(check.verifyReceived(names, AUTHOR)).isInstanceOf(Invalid.class);
        });
    }

    @Test
    void mailWithoutSignatureShouldBeUnsigned() {
        assertFault(mail, Fault.UNSIGNED, "add DKIMSign with d=sender.example");
    }

    @Test
    void signatureByAnotherDomainShouldBeInvalid() {
        byte[] signed = sign(template("other.example", "relaxed/relaxed"), key.getPrivate(), mail);

        assertFault(signed, Fault.OTHER_DOMAIN, "come from sender.example and are signed by 'other.example': write d=sender.example");
    }

    @Test
    void oneValidSignatureOfSeveralShouldBeEnough() {
        byte[] first = sign(template("sender.example", "relaxed/relaxed"), key.getPrivate(), mail);
        byte[] both = sign(template("other.example", "relaxed/relaxed"), key.getPrivate(), first);

        assertThat(check.verify(both, AUTHOR)).isInstanceOf(Valid.class);
    }

    @Test
    void signatureShouldNotBeHiddenBehindOthersByTheBound() {
        byte[] signed = sign(template("sender.example", "relaxed/relaxed"), key.getPrivate(), mail);
        for (int i = 0; i < 8; i++) {
            signed = sign(template("list" + i + ".example", "relaxed/relaxed"), key.getPrivate(), signed);
        }

        assertThat(check.verify(signed, AUTHOR)).isInstanceOf(Valid.class);
    }

    @Test
    void changedBodyShouldBeInvalid() {
        assertFault(changed("This is a TLS report", "This is no TLS report"), Fault.CHANGED, "put DKIMSign behind every mailet");
    }

    @Test
    void changedFieldShouldBeInvalid() {
        assertFault(changed("TLS-Report-Domain: rcpt.example", "TLS-Report-Domain: rcpt.invalid"), Fault.WRONG_KEY, KEY_NAME);
    }

    @Test
    void lengthTagShouldBeInvalid() {
        byte[] signed = sign(template("sender.example", "simple/simple") + " l=10;", key.getPrivate(), mail);

        assertFault(signed, Fault.PARTIAL, "leave l= out");
    }

    @Test
    void signatureWithoutTheReportFieldsShouldBeInvalid() {
        byte[] signed = sign("v=1; a=rsa-sha256; d=sender.example; s=sel; h=from:to:tls-report-domain; bh=; b=;", key.getPrivate(), mail);

        assertFault(signed, Fault.PARTIAL, "tls-report-domain and tls-report-submitter: add them to h=");
    }

    @Test
    void missingKeyShouldBeInvalidWithItsRemedy() {
        dns.zone().remove(KEY_NAME, "TXT");
        assertFault(signed(), Fault.NO_KEY, "publish it as a TXT record at " + KEY_NAME);
    }

    @Test
    void revokedKeyShouldBeInvalid() {
        publish("v=DKIM1; p=");
        assertFault(signed(), Fault.NO_KEY, KEY_NAME);
    }

    @Test
    void signatureWithAnotherKeyShouldBeInvalid() {
        publish(record("v=DKIM1; p=", JdkimSignatures.rsaKey(1024)));
        assertFault(signed(), Fault.WRONG_KEY, "does not fit the DKIM key at " + KEY_NAME);
        publish("v=DKIM1; p=AAAA");
        assertFault(signed(), Fault.WRONG_KEY, KEY_NAME);
    }

    @ParameterizedTest
    @CsvSource({"s=tlsrpt;, KEY_NOT_FOR_MAIL", "s=email;, KEY_NOT_FOR_REPORTS", "s=other;, KEY_NOT_FOR_MAIL"})
    void keyForAnotherServiceShouldBeInvalid(String tags, Fault fault) {
        publish(record("v=DKIM1; " + tags + " p=", key));
        assertFault(signed(), fault, "leave s= out of its record");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "s=*;", "s=email:tlsrpt;", "s = tlsrpt : email ;", "h=sha1:sha256;", "k=rsa;", "t=y;"})
    void keyForMailAndReportsShouldBeValid(String tags) {
        publish(record("v=DKIM1; " + tags + " p=", key));
        assertThat(check.verify(signed(), AUTHOR)).isInstanceOf(Valid.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"v=DKIM2;", "k=ed25519;", "h=sha1;"})
    void recordForAnotherAlgorithmShouldBeInvalid(String tags) {
        publish(record(tags + " p=", key));
        assertFault(signed(), Fault.WRONG_KEY, KEY_NAME);
    }

    @Test
    void keyShorterThan1024BitsShouldBeInvalid() {
        KeyPair small = JdkimSignatures.rsaKey(768);
        publish(record("v=DKIM1; p=", small));
        assertFault(sign(template("sender.example", "relaxed/relaxed"), small.getPrivate(), mail), Fault.KEY_TOO_SHORT, "2048 bits");
    }

    @Test
    void identityOutsideTheDomainShouldBeInvalid() {
        assertFault(changed("DKIM-Signature: ", "DKIM-Signature: i=@other.example; "), Fault.NOT_UNDERSTOOD, "i=");
    }

    @Test
    void failedLookupShouldBeUnknown() {
        byte[] signed = signed();
        dns.close();
        assertThat(check.verify(signed, AUTHOR)).isInstanceOf(Unknown.class);
    }

    @Test
    void signatureWithEd25519ShouldBeValid() throws GeneralSecurityException {
        KeyPair edwards = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        byte[] encoded = edwards.getPublic().getEncoded();
        String raw = Base64.getEncoder().encodeToString(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length));
        publish("v=DKIM1; k=ed25519; p=" + raw);
        SignedMail signed = SignedMail.of(mail);
        String field = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/simple; d=sender.example; s=sel;"
            + " h=from:tls-report-domain:tls-report-submitter; bh="
            + Base64.getEncoder().encodeToString(signed.bodyHash(SignedMail.Form.SIMPLE)) + "; b=";
        byte[] octets = signed.signedOctets(List.of("from", "tls-report-domain", "tls-report-submitter"), SignedMail.Form.RELAXED, field);
        Signature signature = Signature.getInstance("Ed25519");
        signature.initSign(edwards.getPrivate());
        signature.update(MessageDigest.getInstance("SHA-256").digest(octets));
        String whole = field + Base64.getEncoder().encodeToString(signature.sign()) + "\r\n"
            + new String(mail, StandardCharsets.US_ASCII);

        assertThat(check.verify(whole.getBytes(StandardCharsets.US_ASCII), AUTHOR)).isInstanceOf(Valid.class);
        assertThat(check.verifyReceived(whole.getBytes(StandardCharsets.US_ASCII), AUTHOR)).isInstanceOf(Valid.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\r\n", "DKIM-Signature:", "DKIM-Signature: d=sender.example",
        "DKIM-Signature: d=sender.example; a=rsa-sha1",
        "DKIM-Signature: d=sender.example; a=rsa-sha256; h=from; bh=!; b=!\r\n\r\n",
        "DKIM-Signature: d=sender.example; a=rsa-sha256; s=; h=from;"
            + "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; c=relaxed/relaxed"})
    void malformedSignatureShouldBeInvalid(String text) {
        assertThat(check.verify(text.getBytes(StandardCharsets.ISO_8859_1), AUTHOR)).isInstanceOf(Invalid.class);
        assertThat(check.verifyReceived(text.getBytes(StandardCharsets.ISO_8859_1), AUTHOR)).isInstanceOf(Invalid.class);
    }

    private void assertFault(byte[] signed, Fault fault, String remedy) {
        assertThat(check.verify(signed, AUTHOR)).isInstanceOfSatisfying(Invalid.class, worthless -> {
            assertThat(worthless.fault()).isEqualTo(fault);
            assertThat(worthless.problem()).contains(remedy);
        });
    }

    private byte[] signed() {
        return sign(template("sender.example", "relaxed/relaxed"), key.getPrivate(), mail);
    }

    private byte[] changed(String from, String to) {
        return new String(signed(), StandardCharsets.US_ASCII).replace(from, to).getBytes(StandardCharsets.US_ASCII);
    }

    private static String template(String domain, String forms) {
        return "v=1; a=rsa-sha256; c=" + forms + "; d=" + domain + "; s=sel; h=" + FIELDS + "; bh=; b=;";
    }

    private static ReportFile file() {
        DomainTally tally = new DomainTally(new TallyKey(DAY, RCPT), new ReportPeriod(1, NOON), NOON, 1, 0,
            List.of(new PolicyTally(sts(), 1, 0, Map.of())));
        return ((ReportFile.Ready) ReportFile.write(new TlsReport(REPORTER, tally))).files().getFirst();
    }
}
