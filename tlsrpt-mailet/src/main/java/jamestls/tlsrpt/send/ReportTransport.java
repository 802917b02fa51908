package jamestls.tlsrpt.send;

import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.Rua;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** A way for reports to leave, for one kind of destination. */
@FunctionalInterface
public interface ReportTransport<D extends Rua> {

    /** What became of a report at a destination. */
    sealed interface Handover {
    }

    /** The destination took it, or for mail our own server did, which delivers it now. */
    record Accepted() implements Handover {
    }

    /**
     * It did not arrive and will be tried again.
     *
     * @param reason one line of bounded length
     * @param retryAfter how long the destination asks us to wait, if it said so
     */
    record Failed(String reason, Optional<Duration> retryAfter) implements Handover {

        public Failed(String reason) {
            this(reason, Optional.empty());
        }
    }

    /**
     * It was not tried, because the host had its share of reports.
     *
     * @param notBefore when there may be another share
     */
    record Delayed(String reason, Instant notBefore) implements Handover {
    }

    /** It must not be sent there, now or later; the reason is one line of bounded length. */
    record Rejected(String reason) implements Handover {
    }

    /** Blocks until it is known what became of the report; bounded in time. */
    Handover send(ReportFile file, D destination);

    /** What is wrong on our side of this way, if something is: a sentence for the operator. */
    default Optional<String> problem() {
        return Optional.empty();
    }
}
