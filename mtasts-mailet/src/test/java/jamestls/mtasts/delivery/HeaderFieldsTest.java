package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HeaderFieldsTest {

    /** Shown: $ is CR, % is LF. */
    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', textBlock = """
        From: a$%Bcc: b$%To: c$%$%text,          From: a$%To: c$%$%text
        Bcc: b$%From: a$%$%text,                 From: a$%$%text
        From: a$%bcC : b$% ; c$%\t d$%To: e$%$%, From: a$%To: e$%$%
        From: a%Bcc: b%Content-Length: 9%%Bcc: x, From: a%%Bcc: x
        From: a$Bcc: b$To: c$$Bcc: x,            From: a$To: c$$Bcc: x
        From: a$%Bcc: b,                         From: a$%
        Bcc: b,                                  ``
        Bccx: b$%X-Bcc: b$%Bc: b$%$%,            Bccx: b$%X-Bcc: b$%Bc: b$%$%
        From: a%Bcc,                             From: a%Bcc
        %Bcc: b,                                 %Bcc: b
        """)
    void fieldsOfTheseNamesShouldBeLeftOut(String message, String rest) {
        assertThat(shown(new HeaderFields(bytes(message)).without("Bcc", "Content-Length"))).isEqualTo(rest);
    }

    @Test
    void messageWithoutThemShouldNotBeCopied() {
        byte[] message = bytes("From: a$%$%Bcc: text");

        assertThat(new HeaderFields(message).without("Bcc")).isSameAs(message);
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', textBlock = """
        TLS-Required: No$%$%text,                      No
        From: a$%tls-REQUIRED:No$%To: b$%$%text,       No
        TLS-Required:$% No$%$%,                        No
        TLS-Required : No%%text,                       No
        TLS-Required: No,                              No
        TLS-Required:$%$%,                             ``
        From: a$%TLS-Required: No$%TLS-Required: Yes%%, No|Yes
        From: a$%$%TLS-Required: No$%,
        $%TLS-Required: No$%$%,
        X-TLS-Required: No$%TLS-Requiredx: No$%$%,
        """)
    void valuesShouldBeThoseOfTheFieldsOfThatName(String message, String values) {
        assertThat(new HeaderFields(bytes(message)).values("TLS-Required").stream().map(String::strip))
            .containsExactly(values == null ? new String[0] : values.split("\\|", -1));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4_060, 4_070, 4_080, 4_090, 4_096, 8_180, 8_192, 100_000})
    void headerShouldBeReadWholeAndTheBodyNot(int before) throws Exception {
        String header = "X: " + "x".repeat(before) + "\r\nTLS-Required: No\r\n\r\n";
        ByteArrayInputStream message = new ByteArrayInputStream(
            (header + "TLS-Required: Yes\r\n" + "y".repeat(1_000_000)).getBytes(StandardCharsets.US_ASCII));

        assertThat(HeaderFields.read(message).values("TLS-Required")).containsExactly(" No\r\n");
        assertThat(message.available()).isGreaterThan(700_000);
    }

    @ParameterizedTest
    @CsvSource({"1000000, 1", "1100000, 0"})
    void headerShouldBeReadUpToAMebibyte(int before, int found) throws Exception {
        ByteArrayInputStream message = new ByteArrayInputStream(
            ("X: " + "x".repeat(before) + "\r\nTLS-Required: No\r\n" + "Y: y\r\n".repeat(1_000_000)).getBytes(StandardCharsets.US_ASCII));

        assertThat(HeaderFields.read(message).values("TLS-Required")).hasSize(found);
        assertThat(message.available()).isGreaterThan(5_000_000);
    }

    private static byte[] bytes(String shown) {
        return shown.replace('$', '\r').replace('%', '\n').getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String shown(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1).replace('\r', '$').replace('\n', '%');
    }
}
