package jamestls.mtasts.delivery;

import java.util.List;
import java.util.Map;
import org.apache.james.core.MailAddress;

/** The result of one delivery attempt. */
public sealed interface DeliveryResult {

    /**
     * Servers answered for each recipient.
     *
     * @param accepted the recipients a server took responsibility for
     * @param failed all other recipients of the mail
     */
    record Answered(List<MailAddress> accepted, Map<MailAddress, Failure> failed) implements DeliveryResult {
        public Answered {
            accepted = List.copyOf(accepted);
            failed = Map.copyOf(failed);
        }
    }

    /** No server accepted or refused the mail. All recipients wait for the next attempt. */
    record Deferred(Failure why) implements DeliveryResult {
    }

    /** Nothing was tried, because the destination is busy or James is stopping. The mail returns to the queue without counting a retry. */
    record Postponed(String why) implements DeliveryResult {
    }

    /** The mail can never be delivered to any of its recipients. */
    record Refused(Failure why) implements DeliveryResult {
    }
}
