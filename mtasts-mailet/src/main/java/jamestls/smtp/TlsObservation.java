package jamestls.smtp;

import jamestls.dns.DomainName;
import java.net.InetAddress;
import java.util.Optional;

/**
 * Everything there was to see of one connection up to the point where a mail could be sent, with no opinion about it:
 * log line, metric, report and bounce are all made from this and from the verdict on it.
 *
 * @param mxHost the host we meant to reach
 * @param receivingIp the address we connected to
 * @param sendingIp our own end; empty if no connection came about
 * @param greeting the reply the server opened with, if one came
 * @param helo the name in the first line of the last EHLO reply, if one came
 * @param startTls whether STARTTLS was offered
 * @param startTlsReply what the server answered to STARTTLS, if it was sent and answered. Anything but 220 refuses TLS: a
 *     session with such a reply and no failure is usable, in clear
 * @param handshake how it went
 * @param capabilities of the last EHLO reply: under TLS only what was said under TLS
 * @param failure why no usable session came about, if none did; empty means mail can be sent
 */
public record TlsObservation(DomainName mxHost, InetAddress receivingIp, Optional<InetAddress> sendingIp,
                             Optional<SmtpReply> greeting, Optional<String> helo, StartTls startTls,
                             Optional<SmtpReply> startTlsReply, Handshake handshake, Capabilities capabilities,
                             Optional<SessionFailure> failure) {

    /** Whether the chain was shown in an earlier handshake, and not in this one. */
    public boolean isResumed() {
        return handshake instanceof Handshake.Completed completed && completed.keys() == Handshake.Keys.RESUMED;
    }

    /** What the server's EHLO reply said of STARTTLS. */
    public enum StartTls {
        OFFERED,
        NOT_OFFERED,
        /** The conversation ended before the EHLO reply. */
        UNKNOWN
    }
}
