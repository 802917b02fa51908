package jamestls.dns;

import org.xbill.DNS.Message;
import org.xbill.DNS.Name;

/** Where answers come from, and who vouches for them. */
interface Source {

    /** The longest that any answer is kept, in seconds. */
    long MAX_TTL = 3_600;

    /** @param deadline on {@link System#nanoTime}'s clock */
    Reply ask(Name name, int type, long deadline);

    /** What came back. */
    sealed interface Reply {

        /**
         * A message with NOERROR or NXDOMAIN, about the question asked.
         *
         * @param security of all that is in it
         * @param longestTtl seconds beyond which the signatures don't vouch for it
         */
        record Heard(Message message, Security security, long longestTtl) implements Reply {
        }

        /** An answer that fails validation. */
        record Forged(String reason) implements Reply {
        }

        /** Nobody could say; one line for each try. */
        record Unknown(String reason) implements Reply {
        }
    }
}
