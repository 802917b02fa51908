package jamestls.mtasts.policy;

import java.util.Locale;

/** What protects a mail on its way to one host. */
public enum TlsLevel {
    /** Clear text. */
    NONE,
    /** Encrypted, against listeners only: who the peer is, nobody verified. */
    UNAUTHENTICATED,
    /** Encrypted to a host that a policy names and whose certificate was verified for that name. */
    AUTHENTICATED;

    /** The word in log lines. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
