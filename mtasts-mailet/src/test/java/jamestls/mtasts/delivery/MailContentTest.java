package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jamestls.smtp.Envelope.BodyType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.james.server.core.MimeMessageInputStreamSource;
import org.apache.james.server.core.MimeMessageWrapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MailContentTest {

    private static final String HEADER = "From: alice@sender.example\r\nBcc: carol@example.test,\r\n dave@example.test\r\n"
        + "X-Odd:no  blanks\r\nContent-Length: 7\r\n\r\n";
    private static final String SENT = "From: alice@sender.example\r\nX-Odd:no  blanks\r\n\r\n";

    @ParameterizedTest
    @ValueSource(ints = {0, 100, 262_144, 600_000})
    void whatJamesHasStoredShouldLeaveAsItIsWithoutTheTwoFields(int body) throws Exception {
        MailContent content = MailContent.of(stored(HEADER + "x".repeat(body)));

        assertThat(written(content)).isEqualTo(SENT + "x".repeat(body));
        assertThat(content.size()).isEqualTo(SENT.length() + body);
        assertThat(content.bodyType()).isEqualTo(BodyType.SEVEN_BIT);
    }

    @Test
    void whatAMailetHasChangedShouldLeaveChanged() throws Exception {
        MimeMessageWrapper message = stored(HEADER + "text");
        message.setHeader("X-Odd", "changed");
        message.saveChanges();

        assertThat(written(MailContent.of(message))).contains("X-Odd: changed\r\n").doesNotContain("Bcc");
    }

    @Test
    void otherMessagesShouldLeaveWithoutTheTwoFields() throws Exception {
        MimeMessage message = new MimeMessage(Session.getInstance(new Properties()), bytes(HEADER + "text"));

        assertThat(written(MailContent.of(message))).isEqualTo(SENT + "text");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 300_000})
    void oneByteOfEightBitsShouldMakeItAMessageOfEightBits(int body) throws Exception {
        assertThat(MailContent.of(stored(HEADER + "x".repeat(body) + "\u00e4")).bodyType()).isEqualTo(BodyType.EIGHT_BIT);
    }

    @Test
    void fieldShouldBeFoundInAStoredAChangedAndAnyOtherMessage() throws Exception {
        MimeMessageWrapper changed = stored(HEADER + "text");
        changed.addHeader("TLS-Required", "No");

        assertThat(MailContent.fields(stored("TLS-Required: No\r\n" + HEADER + "text"), "TLS-Required")).containsExactly(" No\r\n");
        assertThat(MailContent.fields(changed, "TLS-Required")).containsExactly("No");
        assertThat(MailContent.fields(new MimeMessage(Session.getInstance(new Properties()), bytes(HEADER)), "x-odd"))
            .containsExactly("no  blanks");
        assertThat(MailContent.fields(stored(HEADER + "text"), "TLS-Required")).isEmpty();
    }

    private static MimeMessageWrapper stored(String text) throws Exception {
        return new MimeMessageWrapper(MimeMessageInputStreamSource.create("stored", bytes(text)));
    }

    private static ByteArrayInputStream bytes(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String written(MailContent content) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        content.writeTo(out);
        return out.toString(StandardCharsets.ISO_8859_1);
    }
}
