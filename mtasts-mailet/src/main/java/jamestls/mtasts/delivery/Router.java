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
 * Chooses the next hop of a mail: the MX hosts of the recipient domain, the address of an address literal, or the gateways.
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
     * Routes by MX records.
     *
     * @param dnsRetries the retries of a mail whose domain does not exist: stock RemoteDelivery's {@code maxDnsProblemRetries}
     */
    public static Router byMx(Delivery delivery, int dnsRetries) {
        return new Router(delivery, List::of, dnsRetries);
    }

    /**
     * Routes all mail to the gateways.
     *
     * @param random shuffles the gateways, if they are to be shuffled
     */
    public static Router viaGateways(Delivery delivery, Gateways gateways, RandomGenerator random) {
        return new Router(delivery, () -> gateways.inOrder(random), 0);
    }

    /** Resets the retry count of a mail that enters remote delivery; a bounce may have inherited it from the mail it bounces. */
    public static void begin(Mail mail) {
        mail.removeAttribute(FailureNotice.RETRY_COUNT);
        WaitingMails.begin(mail);
    }

    /** Whether mail is routed by recipient domain, so that each mail must have recipients in one domain only. */
    boolean isByDomain() {
        return gateways.get().isEmpty();
    }

    /**
     * Makes one attempt.
     *
     * @param temporary whether a temporary failure will be retried
     * @throws MessagingException or IOException when James can't read the message back
     */
    DeliveryResult attempt(Mail mail, Retry temporary) throws MessagingException, IOException {
        List<FixedNextHop> hops = gateways.get();
        return hops.isEmpty() ? toDomain(mail, temporary) : toFirstAvailable(hops, mail, temporary);
    }

    private DeliveryResult toDomain(Mail mail, Retry temporary) throws MessagingException, IOException {
        String domain = mail.getRecipients().iterator().next().getDomain().asString();
        // James drops the brackets of the address literals that it knows, those of IPv4
        Optional<InetAddress> literal = IpLiteral.parse(domain);
        if (literal.isPresent()) {
            return delivery.deliver(OutboundMail.toNextHop(mail, FixedNextHop.address(MxHost.at(literal.get())), temporary));
        }
        Optional<DomainName> name = DomainName.parse(domain);
        Retry missingDomain = FailureNotice.retriesOf(mail) < dnsRetries ? temporary : Retry.NO;
        return name.isPresent() ? delivery.deliver(OutboundMail.of(mail, name.get(), temporary, missingDomain))
            : new DeliveryResult.Refused(Failure.permanent("1.2", "'" + domain + "' is not a domain that mail can be delivered to"));
    }

    /** Tries the gateways in order until one accepts or refuses the mail. */
    private DeliveryResult toFirstAvailable(List<FixedNextHop> hops, Mail mail, Retry temporary) throws MessagingException, IOException {
        for (FixedNextHop next : hops.subList(0, hops.size() - 1)) {
            DeliveryResult result = delivery.deliver(OutboundMail.toNextHop(mail, next, Retry.YES));
            if (!(result instanceof DeliveryResult.Deferred)) {
                return result;
            }
        }
        return delivery.deliver(OutboundMail.toNextHop(mail, hops.getLast(), temporary));
    }
}
