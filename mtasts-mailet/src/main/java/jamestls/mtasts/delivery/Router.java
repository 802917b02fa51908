package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.mtasts.delivery.OutboundMail.Retry;
import jamestls.mtasts.mx.MxHost;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.apache.mailet.Mail;

/**
 * Sends a mail of the queue on its way: to the hosts of its recipients' domain, to the address of an address literal, or
 * through the gateways.
 */
public final class Router {

    private final Delivery delivery;
    private final Supplier<List<FixedNextHop>> gateways;
    private final int dnsRetries;

    private Router(Delivery delivery, Supplier<List<FixedNextHop>> gateways, int dnsRetries) {
        this.delivery = delivery;
        this.gateways = gateways;
        this.dnsRetries = dnsRetries;
    }

    /**
     * To the hosts that DNS names.
     *
     * @param dnsRetries how many retries a mail has whose domain does not exist: stock's {@code maxDnsProblemRetries}
     */
    public static Router byMx(Delivery delivery, int dnsRetries) {
        return new Router(delivery, List::of, dnsRetries);
    }

    /**
     * Everything to these hosts.
     *
     * @param random decides which is tried first, where that is to be random
     */
    public static Router through(Delivery delivery, Gateways gateways, RandomGenerator random) {
        return new Router(delivery, () -> gateways.inOrder(random), 0);
    }

    /** Makes a mail that comes to remote delivery a new one: what an earlier one, such as the mail it bounces, used up is not its own. */
    public static void begin(Mail mail) {
        mail.removeAttribute(FailureNotice.RETRY_COUNT);
    }

    /** Whether mail goes to the hosts of its recipients' domain, so that a mail must have recipients in one domain only. */
    boolean isByDomain() {
        return gateways.get().isEmpty();
    }

    /**
     * One attempt.
     *
     * @param temporary whether there will be another after a temporary failure
     * @throws MessagingException or IOException when James can't read the message back
     */
    DeliveryResult attempt(Mail mail, Retry temporary) throws MessagingException, IOException {
        List<FixedNextHop> ways = gateways.get();
        return ways.isEmpty() ? toDomain(mail, temporary) : throughOneOf(ways, mail, temporary);
    }

    private DeliveryResult toDomain(Mail mail, Retry temporary) throws MessagingException, IOException {
        String domain = mail.getRecipients().iterator().next().getDomain().asString();
        // James keeps the address literals it knows, those of IPv4, without their brackets
        Optional<InetAddress> literal = IpLiteral.parse(domain);
        if (literal.isPresent()) {
            return delivery.deliver(OutboundMail.via(mail, FixedNextHop.address(MxHost.at(literal.get())), temporary));
        }
        Optional<DomainName> name = DomainName.parse(domain);
        Retry missingDomain = FailureNotice.retriesOf(mail) < dnsRetries ? temporary : Retry.NO;
        return name.isPresent() ? delivery.deliver(OutboundMail.of(mail, name.get(), temporary, missingDomain))
            : new DeliveryResult.Refused(Failure.permanent("1.2", "'" + domain + "' is not a domain that mail can be delivered to"));
    }

    /** A gateway that cannot have the mail now leaves it to the next; the first that answers has decided. */
    private DeliveryResult throughOneOf(List<FixedNextHop> ways, Mail mail, Retry temporary) throws MessagingException, IOException {
        for (FixedNextHop next : ways.subList(0, ways.size() - 1)) {
            DeliveryResult result = delivery.deliver(OutboundMail.via(mail, next, Retry.YES));
            if (!(result instanceof DeliveryResult.Deferred)) {
                return result;
            }
        }
        return delivery.deliver(OutboundMail.via(mail, ways.getLast(), temporary));
    }
}
