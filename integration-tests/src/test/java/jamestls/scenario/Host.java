package jamestls.scenario;

/**
 * A mail server of a scenario.
 *
 * @param name as the MX record has it
 * @param preference of that MX record
 * @param kind what it shows of itself
 * @param tlsa what its zone says of its certificate; a host with any is in a signed zone
 */
public record Host(String name, int preference, Kind kind, Tlsa tlsa) {

    /** One that knows nothing of DANE. */
    public Host(String name, int preference, Kind kind) {
        this(name, preference, kind, Tlsa.NONE);
    }

    /** Its TLSA record, 3 1 1. */
    public enum Tlsa {
        NONE,
        /** The key it shows. */
        MATCHING,
        /** Another key: an attacker is in between, or the postmaster forgot it. */
        OF_ANOTHER_KEY,
        /** The key it shows, under a signature that has expired. */
        BOGUS
    }

    /** What a mail server shows of itself. */
    public enum Kind {
        /** STARTTLS, and a certificate for its name by the authority everyone trusts. */
        IN_ORDER,
        /** No STARTTLS, or an attacker in between who took the word out. */
        WITHOUT_STARTTLS,
        /** STARTTLS with a certificate for its name that nobody vouches for. */
        SELF_SIGNED,
        /** STARTTLS with a trusted certificate, for another name. */
        WRONG_NAME
    }
}
