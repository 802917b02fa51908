package jamestls.tlsrpt.send;

import jamestls.rua.Rua;
import jamestls.tlsrpt.report.ReportFile;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Sends reports to one kind of destination. */
@FunctionalInterface
public interface ReportTransport<D extends Rua> {

    /** Result of one attempt to pass a report to a destination. */
    sealed interface Handover {
    }

    /** The destination accepted the report. For mail: James accepted it for delivery. */
    record Accepted() implements Handover {
    }

    /**
     * The attempt failed; the report is retried.
     *
     * @param reason one line of bounded length
     * @param retryAfter the pause that the destination asked for
     */
    record Failed(String reason, Optional<Duration> retryAfter) implements Handover {

        public Failed(String reason) {
            this(reason, Optional.empty());
        }
    }

    /**
     * The report was not sent, because its host has reached the daily limit.
     *
     * @param notBefore earliest time of the next attempt
     */
    record Delayed(String reason, Instant notBefore) implements Handover {
    }

    /** The report must not be sent to this destination; the reason is one line of bounded length. */
    record Rejected(String reason) implements Handover {
    }

    /** Sends a report. Blocks until the result is known, for a bounded time. */
    Handover send(ReportFile file, D destination);

    /** A sentence for the operator if reports can't be sent because of a problem of this server. */
    default Optional<String> problem() {
        return Optional.empty();
    }

    /** The transports of both URI schemes (RFC 8460 §3). */
    record ByScheme(ReportTransport<Rua.Mailto> mail, ReportTransport<Rua.Https> https) {

        Handover send(ReportFile file, Rua destination) {
            return switch (destination) {
                case Rua.Mailto mailto -> mail.send(file, mailto);
                case Rua.Https web -> https.send(file, web);
                case Rua.Unusable unusable -> new Rejected(unusable.reason());
            };
        }

        /** Problems of this server, one sentence each. */
        public List<String> problems() {
            return Stream.of(mail.problem(), https.problem()).flatMap(Optional::stream).toList();
        }
    }
}
