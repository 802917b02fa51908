package jamestls.mtasts.delivery;

import jamestls.smtp.EsmtpParameter;
import java.util.List;
import java.util.Map;

/**
 * What the sender asks of every server on the way, apart from TLS: notifications (RFC 3461) and priority (RFC 6710). Each
 * is passed on to servers that know its extension.
 *
 * @param ofMail parameters of MAIL
 * @param ofRecipients parameters of RCPT, by recipient
 */
record SenderRequests(List<EsmtpParameter> ofMail, Map<String, List<EsmtpParameter>> ofRecipients) {

    /** Whether REQUIRETLS was asked for (RFC 8689). */
    enum Protection { REQUIRED, AS_IT_COMES }

    SenderRequests {
        ofMail = List.copyOf(ofMail);
        ofRecipients = Map.copyOf(ofRecipients);
    }

    static SenderRequests none() {
        return new SenderRequests(List.of(), Map.of());
    }
}
