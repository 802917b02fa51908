package jamestls.fakeinternet;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A mail the fake server took.
 *
 * @param helo what the client called itself last
 * @param sender the reverse path without brackets, empty for the null one
 * @param mailParameters of MAIL, as sent
 * @param recipients those accepted
 * @param content the mail without dot-stuffing and final dot
 * @param tls how it came in, empty for clear text
 */
public record ReceivedMail(String helo, String sender, List<String> mailParameters, List<Recipient> recipients, byte[] content,
                           Optional<Tls> tls) {

    /** A forward path without brackets and the parameters of its RCPT. */
    public record Recipient(String address, List<String> parameters) {
    }

    /**
     * The session as the server saw it.
     *
     * @param sni the host name the client asked for, if it did
     */
    public record Tls(String protocol, String cipherSuite, Optional<String> sni) {
    }

    /** The addresses alone. */
    public List<String> recipientAddresses() {
        return recipients.stream().map(Recipient::address).toList();
    }

    /** The content as text. */
    public String text() {
        return new String(content, StandardCharsets.UTF_8);
    }
}
