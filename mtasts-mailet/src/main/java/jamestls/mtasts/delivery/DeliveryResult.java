package jamestls.mtasts.delivery;

import java.util.List;
import java.util.Map;
import org.apache.james.core.MailAddress;

/** What one attempt to deliver a mail came to. */
public sealed interface DeliveryResult {

    /**
     * A server decided on the recipients, each for itself.
     *
     * @param accepted those it took responsibility for
     * @param failed the others; together with {@code accepted} all recipients of the mail
     */
    record Answered(List<MailAddress> accepted, Map<MailAddress, Failure> failed) implements DeliveryResult {
        public Answered {
            accepted = List.copyOf(accepted);
            failed = Map.copyOf(failed);
        }
    }

    /** No server took or refused the mail; all recipients wait for the next attempt. */
    record Deferred(Failure why) implements DeliveryResult {
    }

    /** Nothing was tried: its destination is busy, or we are about to stop. The mail waits in the queue; it counts as no attempt. */
    record Postponed(String why) implements DeliveryResult {
    }

    /** The mail can't be delivered to any of its recipients, now or later. */
    record Refused(Failure why) implements DeliveryResult {
    }
}
