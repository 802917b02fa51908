package jamestls.mtasts.dns;

import java.util.List;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/** What a question came to after all CNAMEs, still in wire terms. TTLs in seconds. */
sealed interface Resolution {

    /** How long it may be kept. */
    long ttl();

    record Records(Name owner, List<Record> records, long ttl) implements Resolution {
    }

    /** No such name, or no such type. */
    record None(long ttl) implements Resolution {
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
