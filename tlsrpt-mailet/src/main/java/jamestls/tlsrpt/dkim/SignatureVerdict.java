package jamestls.tlsrpt.dkim;

import java.util.Locale;

/** What the signature of a report mail is worth to a receiver (RFC 8460 §3). */
public sealed interface SignatureVerdict {

    /** A signature by the domain that it should be by, and it holds. */
    record Holds() implements SignatureVerdict {
    }

    /** There is none that receivers would take; the problem is a sentence with the remedy. */
    record Worthless(Fault fault, String problem) implements SignatureVerdict {
    }

    /** The key could not be looked up. */
    record Unknown(String reason) implements SignatureVerdict {
    }

    /** In one word. */
    enum Fault {
        UNSIGNED, OTHER_DOMAIN, PARTIAL, NO_KEY, KEY_NOT_FOR_MAIL, KEY_NOT_FOR_REPORTS, KEY_TOO_SHORT, CHANGED, WRONG_KEY, NOT_UNDERSTOOD;

        /** As logs have it. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
