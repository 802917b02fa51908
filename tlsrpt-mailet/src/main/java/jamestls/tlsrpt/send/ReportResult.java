package jamestls.tlsrpt.send;

import jamestls.tlsrpt.store.DomainTally;
import java.time.Instant;
import java.util.Optional;

/** Result of one attempt to report a day and domain. */
public sealed interface ReportResult {

    DomainTally tally();

    /** Value of the log field {@code result}. */
    String word();

    /** Destinations that accepted the report, or the reason why none did. */
    String detail();

    /** All destinations were tried to the end and at least one accepted the report (RFC 8460 §3). */
    record Sent(DomainTally tally, String to) implements ReportResult {
        @Override
        public String word() {
            return "sent";
        }

        @Override
        public String detail() {
            return to;
        }
    }

    /** The domain does not request reports, or only in ways that are not supported or not allowed; its counts are deleted. */
    record NotWanted(DomainTally tally, String reason) implements ReportResult {
        @Override
        public String word() {
            return "no-record";
        }

        @Override
        public String detail() {
            return reason;
        }
    }

    /** Some destinations accepted the report and others are retried. */
    record PartlySent(DomainTally tally, String to, Instant notBefore) implements ReportResult {
        @Override
        public String word() {
            return "partly-sent";
        }

        @Override
        public String detail() {
            return to;
        }
    }

    /** No destination accepted the report and none is retried. */
    record GivenUp(DomainTally tally, String reason) implements ReportResult {
        @Override
        public String word() {
            return "given-up";
        }

        @Override
        public String detail() {
            return reason;
        }
    }

    /**
     * The record could not be looked up, or no destination accepted the report yet; it is retried.
     *
     * @param notBefore earliest time of the next attempt; if empty, it follows from the number of attempts
     */
    record Postponed(DomainTally tally, String reason, Optional<Instant> notBefore) implements ReportResult {

        Postponed(DomainTally tally, String reason) {
            this(tally, reason, Optional.empty());
        }

        @Override
        public String word() {
            return "postponed";
        }

        @Override
        public String detail() {
            return reason;
        }
    }

    /** The report could not be delivered within 48 hours of its day's end. */
    record Expired(DomainTally tally) implements ReportResult {
        @Override
        public String word() {
            return "expired";
        }

        @Override
        public String detail() {
            return "not delivered within 48 hours";
        }
    }

    /** The report violates RFC 8460, because of an error in this program, and is not sent. */
    record Faulty(DomainTally tally, String problems) implements ReportResult {
        @Override
        public String word() {
            return "failed";
        }

        @Override
        public String detail() {
            return problems;
        }
    }
}
