package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    private static byte[] bytes(String shown) {
        return shown.replace('$', '\r').replace('%', '\n').getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String shown(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1).replace('\r', '$').replace('\n', '%');
    }
}
