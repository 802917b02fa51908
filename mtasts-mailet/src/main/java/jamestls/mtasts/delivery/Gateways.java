package jamestls.mtasts.delivery;

import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.mtasts.mx.MxHost;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.SmtpCredentials;
import jamestls.smtp.SmtpCredentials.TokenFile;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The hosts that take all mail, whatever its domain (smart hosts). Their MX records are not looked up.
 *
 * @param hosts the gateways in the order of the configuration, at least one
 * @param order the order in which they are tried
 * @param tls implicit (port 465) or by STARTTLS
 * @param verification whether mail is sent only to a gateway with a trusted certificate for its name
 * @param login user and password, or user and token, for AUTH, if it is used
 */
public record Gateways(List<MxHost> hosts, Order order, TlsUse tls, Verification verification, Optional<SmtpCredentials> login) {

    /** Which gateway is tried first: stock RemoteDelivery's {@code loadBalancing}. */
    public enum Order { SHUFFLED, AS_LISTED }

    /** Whether the operator demands TLS with a trusted certificate. */
    public enum Verification { DEMANDED, NOT_DEMANDED }

    private static final int MAX_GATEWAYS = 20;
    private static final int SMTP = 25;
    private static final int SMTPS = 465;
    private static final String ALLOWED = "host[:port], separated by commas";
    private static final String TOKEN_FILE = "a file with an OAuth 2.0 access token, such as 'file://conf/gateway.token'";
    private static final List<String> ONLY_WITH_GATEWAY =
        List.of("gatewayPort", "gatewayUsername", "gatewayPassword", "gatewayTokenFile", "gatewayAuthInClear");
    // an IPv6 address with a port needs brackets
    private static final Pattern ELEMENT = Pattern.compile("(?:\\[([0-9a-fA-F:.]{2,45})]|([^:\\[\\]]{1,253}))(?::([0-9]{1,5}))?");

    public Gateways {
        hosts = List.copyOf(hosts);
    }

    /** Reads {@code gateway} and the parameters that belong to it; empty without {@code gateway}. */
    public static Optional<Gateways> of(Parameters parameters) {
        if (!parameters.flag("startTLS", true)) {
            parameters.invalid("startTLS", "true, or leave it out: STARTTLS is used wherever a server offers it");
        }
        if (parameters.flag("sslTrustAllCerts", false)) {
            parameters.invalid("sslTrustAllCerts", "false, or leave it out: certificates of MX hosts are verified only where a policy asks "
                + "for it; for a gateway write verifyServerIdentity=false");
        }
        boolean gateway = parameters.has("gateway");
        boolean implicit = parameters.flag("sslEnable", false);
        Order order = parameters.flag("loadBalancing", true) ? Order.SHUFFLED : Order.AS_LISTED;
        boolean inClear = parameters.flag("gatewayAuthInClear", false);
        int port = parameters.number("gatewayPort", implicit ? SMTPS : SMTP, 1, 65_535);
        Optional<SmtpCredentials> login = login(parameters, inClear);
        boolean verified = parameters.flag("verifyServerIdentity", gateway && (implicit || login.isPresent() && !inClear));
        List<MxHost> hosts = parameters.read("gateway", ALLOWED, text -> hosts(text, port)).orElse(List.of());
        if (!gateway) {
            refuseWithoutGateway(parameters, implicit, verified);
            return Optional.empty();
        }
        if (verified && hosts.stream().anyMatch(host -> host.address().isPresent())) {
            parameters.invalid("gateway", ALLOWED + "; the certificate of a bare address can't be verified: write a name, or "
                + "verifyServerIdentity=false");
        }
        return Optional.of(new Gateways(hosts, order, implicit ? TlsUse.IMPLICIT : TlsUse.IF_OFFERED,
            verified ? Verification.DEMANDED : Verification.NOT_DEMANDED, login));
    }

    private static void refuseWithoutGateway(Parameters parameters, boolean implicit, boolean verified) {
        ONLY_WITH_GATEWAY.stream().filter(name -> parameters.has(name))
            .forEach(name -> parameters.invalid(name, "nothing, because there is no 'gateway'"));
        if (implicit) {
            parameters.invalid("sslEnable", "false, or leave it out: MX hosts have STARTTLS on port 25; TLS from the first byte is for a "
                + "gateway");
        }
        if (verified) {
            parameters.invalid("verifyServerIdentity", "false, or leave it out: the policy of the recipient domain decides what is "
                + "verified at MX hosts; only for a gateway it can be demanded here");
        }
    }

    /**
     * Refuses demands of DANE that could not be kept: it protects the way to the gateway (RFC 7672 §2.2.2), and nobody here sees the way
     * beyond.
     *
     * @param mandatory next hops that get mail under authenticated DANE or not at all
     */
    public void checkMandatoryDane(Set<DomainName> mandatory, Parameters parameters) {
        mandatory.stream().filter(name -> hosts.stream().noneMatch(host -> host.name().equals(name))).sorted().findFirst()
            .ifPresent(other -> parameters.invalid("mandatoryDane", "names of the gateways, because all mail goes through a 'gateway' and "
                + "DANE protects the way to it; '" + other + "' is none of them"));
        if (verification == Verification.DEMANDED && !mandatory.isEmpty()) {
            parameters.invalid("mandatoryDane", "nothing beside verifyServerIdentity, which has the gateway prove its name by a trusted "
                + "certificate: leave it out, or write verifyServerIdentity=false");
        }
    }

    private static Optional<SmtpCredentials> login(Parameters parameters, boolean inClear) {
        Optional<String> user = parameters.text("gatewayUsername");
        Optional<String> password = parameters.text("gatewayPassword");
        boolean token = parameters.has("gatewayTokenFile");
        Optional<TokenFile> tokens = parameters.read("gatewayTokenFile", TOKEN_FILE, text -> tokenFile(parameters, text));
        if (password.isPresent() && token) {
            parameters.invalid("gatewayTokenFile", "nothing beside gatewayPassword: one of the two");
            return Optional.empty();
        }
        if (user.isPresent() != (password.isPresent() || token)) {
            parameters.invalid(user.isPresent() ? "gatewayPassword" : "gatewayUsername",
                "gatewayUsername and gatewayPassword, both or neither; or gatewayUsername and gatewayTokenFile");
            return Optional.empty();
        }
        if (token && inClear) {
            parameters.invalid("gatewayAuthInClear", "false, or leave it out: a token is sent over TLS only");
            return Optional.empty();
        }
        try {
            Optional<SmtpCredentials.Secret> secret = password.<SmtpCredentials.Secret>map(SmtpCredentials.Password::new).or(() -> tokens);
            return user.flatMap(name -> secret.map(proof -> new SmtpCredentials(name, proof,
                inClear ? SmtpCredentials.ClearText.ALLOWED : SmtpCredentials.ClearText.REFUSED)));
        } catch (IllegalArgumentException e) {
            parameters.invalid("gatewayUsername", "one that a server can take; " + e.getMessage());
            return Optional.empty();
        }
    }

    /** The file need not be there yet: it is read at each login. */
    private static TokenFile tokenFile(Parameters parameters, String text) throws IOException {
        if (!text.startsWith("file:")) {
            // the text may be the token itself, so it is not quoted
            throw new IOException("it is not a file URL");
        }
        return new TokenFile(parameters.locate(text));
    }

    /**
     * Reads {@code host[:port], host[:port], …}; a host is a name, an IPv4 address or an IPv6 address in brackets.
     *
     * @param defaultPort the port of a gateway without a port in the list
     * @throws IllegalArgumentException naming the element that is malformed
     */
    static List<MxHost> hosts(String text, int defaultPort) {
        List<MxHost> hosts = new ArrayList<>();
        for (String element : text.split(",")) {
            hosts.add(host(element.strip(), hosts.size(), defaultPort));
        }
        if (hosts.size() > MAX_GATEWAYS) {
            throw new IllegalArgumentException("at most " + MAX_GATEWAYS + " gateways, not " + hosts.size());
        }
        return hosts;
    }

    /** The gateways in the order to try for one mail. */
    List<FixedNextHop> inOrder(RandomGenerator random) {
        List<FixedNextHop> hops = new ArrayList<>(hosts.stream().map(this::nextHop).toList());
        if (order == Order.SHUFFLED) {
            Collections.shuffle(hops, java.util.Random.from(random));
        }
        return hops;
    }

    FixedNextHop nextHop(MxHost host) {
        return new FixedNextHop(host, tls, verification == Verification.DEMANDED ? FixedNextHop.Certificate.VERIFIED
            : FixedNextHop.Certificate.AS_POLICY_SAYS, login);
    }

    /** The gateways in the syntax of the configuration, each with its port. */
    @Override
    public String toString() {
        return String.join(", ", hosts.stream().map(Gateways::written).toList());
    }

    /** A gateway in the syntax of the configuration. */
    public static String written(MxHost host) {
        String address = host.address().map(InetAddress::getHostAddress).map(text -> text.contains(":") ? "[" + text + "]" : text)
            .orElse(host.name().ascii());
        return host.port().isPresent() ? address + ":" + host.port().getAsInt() : address;
    }

    private static MxHost host(String element, int place, int defaultPort) {
        Matcher matcher = ELEMENT.matcher(element);
        if (!matcher.matches()) {
            throw bad(element);
        }
        int port = matcher.group(3) == null ? defaultPort : Integer.parseInt(matcher.group(3));
        String host = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
        Optional<InetAddress> address = IpLiteral.parse(host);
        Optional<DomainName> name = address.map(MxHost::nameOf)
            .or(() -> matcher.group(1) == null ? DomainName.parse(host) : Optional.empty());
        if (name.isEmpty() || port < 1 || port > 65_535) {
            throw bad(element);
        }
        return new MxHost(name.get(), place, address, OptionalInt.of(port), MxHost.NamedBy.OPERATOR);
    }

    private static IllegalArgumentException bad(String element) {
        return new IllegalArgumentException("'" + element + "' is not host[:port], such as relay.example.org:587 or [2001:db8::25]:25");
    }
}
