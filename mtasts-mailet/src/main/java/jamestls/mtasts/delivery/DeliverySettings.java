package jamestls.mtasts.delivery;

import jamestls.config.Durations;
import jamestls.config.Parameters;
import jamestls.mtasts.waiting.WaitingSettings;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * The settings of queue, retries, limits and gateways.
 *
 * @param queue the name of James's mail queue
 * @param processors the processors that get mails after their delivery
 * @param retries when and from where mails are tried again
 * @param limits how many mails and deliveries there are at once
 * @param smtpPort the port of all MX hosts; only tests use another than 25
 * @param gateways the hosts that get all mail; empty if mail goes to the MX hosts of its domain
 */
public record DeliverySettings(String queue, Processors processors, Retries retries, Limits limits, int smtpPort,
                               Optional<Gateways> gateways) {

    /**
     * When and from where mails are tried again.
     *
     * @param schedule the waits between attempts
     * @param missingDomain the retries of a mail whose domain has neither MX nor address
     * @param waiting where mails wait
     */
    public record Retries(RetrySchedule schedule, int missingDomain, WaitingSettings waiting) {
    }

    /**
     * James's processors that get mails after their delivery.
     *
     * @param bounce gets mails that failed permanently; without one James's own text bounce is sent
     * @param success gets a copy of each delivered mail
     * @param delay what the senders of mails that wait are told
     */
    public record Processors(Optional<String> bounce, Optional<String> success, Delay delay) {
    }

    /**
     * What the sender of a mail that waits is told.
     *
     * @param noticeAfter how long the mail has waited then; empty if nothing is told
     * @param processor makes the notice; without one it is a plain text
     */
    public record Delay(Optional<Duration> noticeAfter, Optional<String> processor) {

        private static final Duration MAX = Duration.ofDays(30);

        /** Nothing is told. */
        static Delay off() {
            return new Delay(Optional.empty(), Optional.empty());
        }

        private static Delay of(Parameters parameters) {
            return new Delay(parameters.read("delayNotice", "4h", "'off', or a duration from 1s to 30d such as '4h'", Delay::after),
                parameters.text("delayProcessor"));
        }

        private static Optional<Duration> after(String text) {
            if (text.equalsIgnoreCase("off")) {
                return Optional.empty();
            }
            Duration after = Durations.parse(text, ChronoUnit.SECONDS);
            if (after.compareTo(Duration.ofSeconds(1)) < 0 || after.compareTo(MAX) > 0) {
                throw new IllegalArgumentException("out of range");
            }
            return Optional.of(after);
        }
    }

    /**
     * Limits on what happens at once.
     *
     * @param deliveries the maximum of deliveries
     * @param perDestination the maximum of sessions with the hosts of one recipient domain, and with one address of a mail host
     * @param mailsInHand the maximum of mails taken from the queue; most of them wait for their destination
     */
    public record Limits(int deliveries, int perDestination, int mailsInHand) {
    }

    /** Reads the parameters of a delivery and of its gateways. */
    public static DeliverySettings of(Parameters parameters) {
        // only the syntax is checked: recipients always have a result each, and log levels belong to logback.xml
        parameters.flag("sendpartial", false);
        parameters.flag("debug", false);
        if (parameters.text("chunking").isPresent()) {
            parameters.warn("parameter 'chunking' is ignored: mails are always sent with DATA; leave it out");
        }
        return new DeliverySettings(
            parameters.text("outgoing", "outgoing"),
            new Processors(parameters.text("bounceProcessor"), parameters.text("onSuccess"), Delay.of(parameters)),
            new Retries(RetrySchedule.of(parameters), parameters.number("maxDnsProblemRetries", 0, 0, 10_000),
                WaitingSettings.of(parameters)),
            new Limits(parameters.number("deliveries", 256, 1, 100_000), parameters.number("deliveriesPerDestination", 20, 1, 10_000),
                parameters.number("mailsInHand", 5_000, 1, 100_000)),
            parameters.number("smtpPort", 25, 1, 65_535),
            Gateways.of(parameters));
    }
}
