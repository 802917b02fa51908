package jamestls.scenario;

/**
 * A mail server of a scenario.
 *
 * @param name as the MX record has it
 * @param preference of that MX record
 * @param kind what it shows of itself
 */
public record Host(String name, int preference, Kind kind) {

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
