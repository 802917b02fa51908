package jamestls.tlsrpt.send;

import jamestls.tlsrpt.store.DomainTally;
import java.time.Instant;
import java.util.Optional;

/** What became of the counts of one day and domain. */
public sealed interface ReportResult {

    DomainTally tally();

    /** How it is called in the log. */
    String word();

    /** The rest of the log line: where it went, or why it did not. */
    String detail();

    /** At least one destination took the report (RFC 8460 §3); the counts are done with. */
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

    /** The domain does not ask for reports, or for none that can be sent; the counts are dropped. */
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

    /** Some destinations have it and others will be tried again; the counts stay for them. */
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

    /** No destination took it in a day of tries; it will not be tried again. */
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
     * It could not be found out or no destination took it; the counts are back in the store for another try.
     *
     * @param notBefore when that may be; empty if nobody has been asked, and the number of postponements decides
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

    /** No luck for two days; the counts are dropped. */
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

    /** The report we wrote is not one; it stays here, and the counts are dropped. A fault of this program. */
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
