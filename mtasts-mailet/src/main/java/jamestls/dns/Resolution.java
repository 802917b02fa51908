package jamestls.dns;

import java.util.List;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/** What a question came to after all CNAMEs, still in wire terms. TTLs in seconds. */
sealed interface Resolution {

    /** How long it may be kept. */
    long ttl();

    record Records(Name owner, List<Record> records, long ttl, Security security) implements Resolution {
    }

    /** No such name, or no such type. */
    record None(long ttl, Security security) implements Resolution {
    }

    /** Fails validation. */
    record Forged(String reason) implements Resolution {

        /**
         * Long enough that nobody can make us validate the same rubbish over and over, short enough that a zone which was
         * mended is soon reached.
         */
        private static final long PENALTY = 60;

        @Override
        public long ttl() {
            return PENALTY;
        }
    }

    /** Could not be found out. */
    record Unknown(String reason) implements Resolution {

        /** Long enough for the several look-ups of one delivery, too short to hold up the next. */
        private static final long MOMENT = 1;

        @Override
        public long ttl() {
            return MOMENT;
        }
    }
}
