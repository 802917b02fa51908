package jamestls.mtasts.delivery;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.james.core.MailAddress;

/** The result of one delivery attempt. */
public sealed interface DeliveryResult {

    /**
     * Servers answered for each recipient.
     *
     * @param accepted the recipients a server took responsibility for
     * @param failed all other recipients of the mail
     * @param would why the mail would have been held if policies were not only observed; empty if it would not
     */
    record Answered(List<MailAddress> accepted, Map<MailAddress, Failure> failed, Optional<Failure> would) implements DeliveryResult {
        public Answered(List<MailAddress> accepted, Map<MailAddress, Failure> failed) {
            this(accepted, failed, Optional.empty());
        }

        public Answered {
            accepted = List.copyOf(accepted);
            failed = Map.copyOf(failed);
        }
    }

    /** No server accepted or refused the mail. All recipients wait for the next attempt. */
    record Deferred(Failure why) implements DeliveryResult {
    }

    /**
     * Nothing was tried, because the destination is busy or James is stopping. The mail returns to the queue without counting a retry.
     *
     * @param later the time after which a try is worthwhile; empty if it is not known
     */
    record Postponed(String why, Optional<Duration> later) implements DeliveryResult {
        public Postponed(String why) {
            this(why, Optional.empty());
        }
    }

    /** The mail can never be delivered to any of its recipients. */
    record Refused(Failure why) implements DeliveryResult {
    }
}
