package jamestls.smtp;

import jamestls.config.Parameters;
import java.time.Duration;
import java.time.temporal.ChronoUnit;

/**
 * How long a connection is kept for further mails.
 *
 * @param mails most mails over one connection; 1 means that none is reused
 * @param idle longest time without a mail
 * @param age longest time since it was opened: a slow server must not attract all mail just because its sessions are at
 *     hand, and a certificate is looked at anew now and then
 * @param perHost most idle sessions with one address of one host
 * @param inAll most idle sessions; the one that has idled longest makes room
 */
public record ReuseLimits(int mails, Duration idle, Duration age, int perHost, int inAll) {

    public ReuseLimits {
        if (mails < 1 || perHost < 0 || inAll < 0 || idle.isNegative() || age.isNegative()) {
            throw new IllegalArgumentException("limits of reuse below zero");
        }
    }

    /**
     * Reads the parameters {@code reuseMails}, {@code reuseIdle} and {@code reuseAge}.
     *
     * @param perHost most deliveries at once to one address: more sessions are never idle there
     * @param inAll most deliveries at once
     */
    public static ReuseLimits of(Parameters parameters, int perHost, int inAll) {
        return new ReuseLimits(
            parameters.number("reuseMails", 100, 1, 100_000),
            parameters.duration("reuseIdle", Duration.ofSeconds(5), ChronoUnit.SECONDS, Duration.ofMillis(100), Duration.ofMinutes(2)),
            parameters.duration("reuseAge", Duration.ofMinutes(5), ChronoUnit.SECONDS, Duration.ofSeconds(1), Duration.ofHours(1)),
            perHost, inAll);
    }

    /** 100 mails, 5 seconds idle, 5 minutes in all; 20 idle sessions per address, 500 in all. */
    public static ReuseLimits defaults() {
        return new ReuseLimits(100, Duration.ofSeconds(5), Duration.ofSeconds(300), 20, 500);
    }

    /** Every mail over a connection of its own. */
    public static ReuseLimits none() {
        return new ReuseLimits(1, Duration.ZERO, Duration.ZERO, 0, 0);
    }
}
