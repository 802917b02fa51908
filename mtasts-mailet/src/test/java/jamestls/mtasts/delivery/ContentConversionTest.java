package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import jamestls.fakeinternet.SmtpServer;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import org.apache.james.server.core.MimeMessageInputStreamSource;
import org.apache.james.server.core.MimeMessageWrapper;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentConversionTest {

    private static final String DOMAIN = "example.org";
    private static final String LONG = "x".repeat(5_000);
    private static final String HEADER = "From: alice@sender.example\r\nMessage-ID: <1@sender.example>\r\nMIME-Version: 1.0\r\n";
    private static final String SIGNED = "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=\"s\"\r\n\r\n"
        + "--s\r\nContent-Type: text/plain\r\n\r\n" + LONG + "\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\nsig\r\n--s--\r\n";

    private TestDelivery internet;
    private List<String> parameters;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery();
    }

    @AfterEach
    void stop() {
        internet.close();
    }

    @ParameterizedTest
    @CsvSource({"text/html, 7bit, quoted-printable", "text/plain, 8bit, quoted-printable", "application/json, 7bit, base64"})
    void contentWithLinesTooLongForSmtpShouldBeEncoded(String type, String encoding, String expected) throws Exception {
        String taken = delivered(HEADER + "Content-Type: " + type + "\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n"
            + LONG + "\r\nend\r\n", "8BITMIME");

        assertThat(taken.lines()).allMatch(line -> line.length() <= 998);
        assertThat(taken).contains("Message-ID: <1@sender.example>", "Content-Transfer-Encoding: " + expected);
        assertThat(decoded(taken)).isEqualTo(LONG + "\r\nend\r\n");
    }

    @Test
    void messageWithoutMimeFieldsShouldBeEncodedToo() throws Exception {
        String taken = delivered("Subject: hi\r\n\r\n" + LONG + "\r\n");

        assertThat(taken).contains("MIME-Version: 1.0", "Content-Transfer-Encoding: quoted-printable");
        assertThat(decoded(taken)).isEqualTo(LONG + "\r\n");
    }

    @Test
    void base64InOneLineShouldBeBroken() throws Exception {
        byte[] content = LONG.getBytes(StandardCharsets.US_ASCII);
        String taken = delivered(HEADER + "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + Base64.getEncoder().encodeToString(content) + "\r\n");

        assertThat(taken.lines()).allMatch(line -> line.length() <= 998);
        assertThat(taken).contains("Content-Transfer-Encoding: base64");
        assertThat(message(taken).getInputStream().readAllBytes()).isEqualTo(content);
    }

    @ParameterizedTest
    @CsvSource({"998, false", "999, true"})
    void limitShouldBe998OctetsWithoutLineEnd(int octets, boolean encoded) throws Exception {
        String mail = HEADER + "Content-Type: text/plain\r\n\r\nfirst\r\n" + "x".repeat(octets) + "\r\n" + "y".repeat(octets) + "\r\n";

        assertThat(!delivered(mail).equals(mail)).isEqualTo(encoded);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "DKIM-Signature: v=1; d=sender.example\r\nContent-Type: text/plain\r\n\r\n%s\r\n",
        "ARC-Message-Signature: i=1; d=sender.example\r\nContent-Type: text/plain\r\n\r\n%s\r\n",
        "Content-Type: message/rfc822\r\n\r\nSubject: enclosed\r\n\r\n%s\r\n",
        "Content-Type: multipart/mixed; boundary=nowhere\r\n\r\n%s\r\n",
        "Content-Type: text/plain\r\nX-Long: %s\r\n\r\ntext\r\n"})
    void whatMustNotOrCannotBeEncodedShouldLeaveAsItIs(String rest) throws Exception {
        String mail = HEADER + String.format(rest, LONG);

        assertThat(delivered(mail)).isEqualTo(mail);
    }

    @Test
    void signedMessageShouldLeaveAsItIs() throws Exception {
        assertThat(delivered(HEADER + SIGNED)).isEqualTo(HEADER + SIGNED);
    }

    @Test
    void signedPartShouldStayAsItIsWhenTheNextIsEncoded() throws Exception {
        String taken = delivered(HEADER + "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n" + SIGNED
            + "\r\n--m\r\nContent-Type: text/html\r\n\r\n" + LONG + "\r\n--m--\r\n");

        assertThat(taken).contains(SIGNED.substring(SIGNED.indexOf("--s")));
        assertThat(((MimeMultipart) message(taken).getContent()).getBodyPart(1).getContent()).isEqualTo(LONG);
        assertThat(taken.lines().filter(line -> line.length() > 998)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "8BITMIME", "8BITMIME SMTPUTF8"})
    void headerFieldsInUtf8ShouldLeaveAsTheyAreToAsciiAddresses(String keywords) throws Exception {
        String mail = "From: J\u00f6rg <alice@sender.example>\r\nSubject: Gr\u00fc\u00dfe\r\n\r\ntext\r\n";

        assertThat(delivered(mail, keywords.isEmpty() ? new String[0] : keywords.split(" "))).isEqualTo(mail);
        assertThat(parameters).doesNotContain("SMTPUTF8");
    }

    /** What the server got of that mail. */
    private String delivered(String text, String... keywords) throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, "mx.example.org", setup -> setup.keywords(keywords));
        FakeMail mail = FakeMail.builder().name("mail").sender(MailAddressFixture.SENDER).recipient("bob@example.org")
            .mimeMessage(new MimeMessageWrapper(MimeMessageInputStreamSource.create("stored", bytes(text)))).build();

        assertThat(internet.dispatch(mail)).isInstanceOf(DeliveryResult.Answered.class);
        parameters = mx.mails().getFirst().mailParameters();
        return mx.mails().getFirst().text();
    }

    private static String decoded(String taken) throws Exception {
        return new String(message(taken).getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static MimeMessage message(String text) throws Exception {
        return new MimeMessage(Session.getInstance(new Properties()), bytes(text));
    }

    private static ByteArrayInputStream bytes(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }
}
