package jamestls.mtasts.direct;

import jamestls.dns.AddressGuard;
import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.mx.MxHost;
import jamestls.smtp.Envelope;
import jamestls.smtp.Handshake;
import jamestls.smtp.SessionFailure;
import jamestls.smtp.SmtpConnector;
import jamestls.smtp.SmtpSession;
import jamestls.smtp.SmtpSettings;
import jamestls.smtp.TlsUse;
import jamestls.smtp.Transmission;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/**
 * One attempt to deliver one mail that asks for no protection, as TLS reports do ({@code TLS-Required: No}, RFC 8689 §3): over TLS
 * where it can be had, whatever the certificate, and in clear where not. For many threads.
 */
public final class DirectMail implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int MAX_ADDRESSES = 6;

    private final Dns dns;
    private final Destinations destinations;
    private final AddressGuard guard;
    private final int port;
    private final Optional<Relay> relay;
    private final SmtpConnector connector;

    /**
     * @param heloName what we call ourselves
     * @param guard of the addresses that strangers' MX records lead to
     * @param port of their hosts: 25
     * @param relay takes all mail, if there is one, and may be anywhere
     */
    public DirectMail(Dns dns, String heloName, AddressGuard guard, int port, Optional<Relay> relay) {
        this.dns = dns;
        this.destinations = new Destinations(dns, RandomGenerator.getDefault());
        this.guard = guard;
        this.port = port;
        this.relay = relay;
        this.connector = new SmtpConnector(SmtpSettings.defaults(heloName).withReadTimeout(PATIENCE));
    }

    /** A host of the operator's. */
    public record Relay(String host, int port) {
    }

    /** What became of the mail. */
    public sealed interface Result {
    }

    /** A server has it. */
    public record Taken(String host) implements Result {
    }

    /** No server has it. One line says why; later it may be different. */
    public record NotNow(String why) implements Result {
    }

    /** A server, or the domain, does not want it. */
    public record Never(String why) implements Result {
    }

    /**
     * Tries every host until one decides.
     *
     * @param sender the reverse path
     * @param recipient a mail address with a domain name
     * @param mail in ASCII, lines end with CRLF
     */
    public Result deliver(String sender, String recipient, byte[] mail) {
        if (relay.isPresent()) {
            return throughRelay(relay.get(), sender, recipient, mail);
        }
        DomainName domain = DomainName.of(recipient.substring(recipient.lastIndexOf('@') + 1));
        return switch (destinations.find(domain)) {
            case Destination.TakesNoMail none -> new Never(domain + " takes no mail (null MX)");
            case Destination.LoopsBack loop -> new NotNow(loop.ourselves().name() + " is this server");
            case Destination.Unknown unknown -> new NotNow(unknown.reason());
            case Destination.Hosts hosts -> {
                Result last = new NotNow("no host of " + domain + " has an address");
                for (MxHost host : hosts.inOrder()) {
                    last = atHost(host.name(), port, guard, new Letter(sender, recipient, mail), last);
                    if (!(last instanceof NotNow)) {
                        break;
                    }
                }
                yield last;
            }
        };
    }

    private record Letter(String sender, String recipient, byte[] content) {
    }

    private Result throughRelay(Relay way, String sender, String recipient, byte[] mail) {
        Letter letter = new Letter(sender, recipient, mail);
        Optional<InetAddress> literal = IpLiteral.parse(way.host());
        return literal.isPresent()
            ? atAddress(new DomainName("relay"), new InetSocketAddress(literal.get(), way.port()), TlsUse.IF_OFFERED, letter)
            : atHost(DomainName.of(way.host()), way.port(), AddressGuard.anywhere(), letter,
                new NotNow(way.host() + " has no address"));
    }

    private Result atHost(DomainName host, int atPort, AddressGuard vetting, Letter letter, Result otherwise) {
        if (!(dns.addresses(host) instanceof DnsAnswer.Found<InetAddress> found)) {
            return otherwise;
        }
        Result last = otherwise;
        for (InetAddress address : found.records().stream().limit(MAX_ADDRESSES).toList()) {
            Optional<String> objection = vetting.objection(address);
            last = objection.isPresent() ? new NotNow(host + ": " + objection.get())
                : atAddress(host, new InetSocketAddress(address, atPort), TlsUse.IF_OFFERED, letter);
            if (!(last instanceof NotNow)) {
                return last;
            }
        }
        return last;
    }

    private Result atAddress(DomainName host, InetSocketAddress address, TlsUse use, Letter letter) {
        try (SmtpSession session = connector.connect(host, address, use)) {
            if (!session.isUsable()) {
                return use == TlsUse.IF_OFFERED && session.observation().handshake() instanceof Handshake.Failed
                    // RFC 8689 §3: whatever the ability to negotiate STARTTLS
                    ? atAddress(host, address, TlsUse.NEVER, letter)
                    : new NotNow(host + ": " + session.observation().failure().map(SessionFailure::detail).orElse("no session"));
            }
            Envelope envelope = new Envelope(Optional.of(letter.sender()), List.of(letter.recipient()), Envelope.BodyType.SEVEN_BIT,
                OptionalLong.of(letter.content().length), Envelope.RequireTls.NO);
            return result(host, session.send(envelope, out -> out.write(letter.content())));
        }
    }

    private static Result result(DomainName host, Transmission transmission) {
        return switch (transmission) {
            case Transmission.Completed completed when completed.recipients().getFirst().isDelivered() -> new Taken(host.ascii());
            case Transmission.Completed completed when completed.recipients().getFirst().reply().isPermanent() ->
                new Never(host + ": " + completed.recipients().getFirst().reply());
            case Transmission.Completed completed -> new NotNow(host + ": " + completed.recipients().getFirst().reply());
            case Transmission.Refused refused when refused.reply().isPermanent() -> new Never(host + ": " + refused.reply());
            case Transmission.Refused refused -> new NotNow(host + ": " + refused.reply());
            case Transmission.Unsendable unsendable -> new Never(host + ": " + unsendable.detail());
            case Transmission.Unreadable unreadable -> throw new IllegalStateException("octets can be read", unreadable.cause());
            case Transmission.Broken broken -> new NotNow(host + ": " + broken.failure().detail());
        };
    }

    @Override
    public void close() {
        connector.close();
    }
}
