package jamestls.mtasts.delivery;

import jamestls.config.Parameters;
import java.util.Optional;

/**
 * What is done with mails, and how many at once.
 *
 * @param queue name of James's mail queue that is filled and emptied
 * @param processors that get mails after their delivery
 * @param schedule of the retries
 * @param dnsRetries retries of a mail whose domain has neither MX nor address
 * @param limits how many mails and deliveries there are at once
 * @param smtpPort of all MX hosts; another one than 25 is for laboratories
 * @param gateways who gets all mail; empty if it goes to the hosts of its domain
 */
public record DeliverySettings(String queue, Processors processors, RetrySchedule schedule, int dnsRetries, Limits limits,
                               int smtpPort, Optional<Gateways> gateways) {

    /**
     * James's processors that get mails after their delivery.
     *
     * @param bounce gets mails that failed for good; without one James's own text bounce is sent
     * @param success gets a copy of each delivered mail
     */
    public record Processors(Optional<String> bounce, Optional<String> success) {
    }

    /**
     * How many at once.
     *
     * @param deliveries most deliveries
     * @param perDestination most deliveries to one recipient domain, and to one address of a mail host
     * @param mailsInHand most mails taken from the queue, most of them waiting for their destination
     */
    public record Limits(int deliveries, int perDestination, int mailsInHand) {
    }

    /** Reads the parameters of a delivery and of its gateways. */
    public static DeliverySettings of(Parameters parameters) {
        // read for their syntax only: each recipient has a result of its own either way, and log levels are logback.xml's
        parameters.flag("sendpartial", false);
        parameters.flag("debug", false);
        if (parameters.text("chunking").isPresent()) {
            parameters.warn("parameter 'chunking' is ignored: mails are always sent with DATA; leave it out");
        }
        return new DeliverySettings(
            parameters.text("outgoing", "outgoing"),
            new Processors(parameters.text("bounceProcessor"), parameters.text("onSuccess")),
            RetrySchedule.of(parameters),
            parameters.number("maxDnsProblemRetries", 0, 0, 10_000),
            new Limits(parameters.number("deliveries", 256, 1, 100_000), parameters.number("deliveriesPerDestination", 20, 1, 10_000),
                parameters.number("mailsInHand", 5_000, 1, 100_000)),
            parameters.number("smtpPort", 25, 1, 65_535),
            Gateways.of(parameters));
    }
}
