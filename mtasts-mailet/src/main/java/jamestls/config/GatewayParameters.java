package jamestls.config;

import jakarta.mail.MessagingException;
import java.util.List;
import java.util.Optional;

/**
 * The parameters of SecureRemoteDelivery that say to hand all mail to gateways.
 *
 * @param hosts {@code host[:port]}, separated by commas
 * @param port of those that name none: {@code gatewayPort}, or else 465 with {@code sslEnable} and 25 without
 * @param balancing {@code loadBalancing}
 * @param tls {@code sslEnable}
 * @param verification {@code verifyServerIdentity}; by default demanded where a password or {@code sslEnable} is at stake
 * @param user {@code gatewayUsername}
 * @param password {@code gatewayPassword}, empty if there is no user
 * @param clearTextLogin {@code gatewayAuthInClear}
 */
public record GatewayParameters(String hosts, int port, Balancing balancing, Tls tls, Verification verification, Optional<String> user,
                                String password, ClearTextLogin clearTextLogin) {

    /** Which gateway is tried first. */
    public enum Balancing { RANDOM, IN_ORDER }

    /** How TLS is begun. */
    public enum Tls { STARTTLS, IMPLICIT }

    /** Whether no mail goes to a gateway without TLS and a trusted certificate for its name. */
    public enum Verification { DEMANDED, AS_POLICY_SAYS }

    /** Whether user and password may be said without TLS. */
    public enum ClearTextLogin { REFUSED, ALLOWED }

    private static final List<String> ONLY_WITH_GATEWAY = List.of("gatewayPort", "gatewayUsername", "gatewayPassword",
        "gatewayAuthInClear");
    private static final int SMTP = 25;
    private static final int SMTPS = 465;

    /** @throws MessagingException when they contradict each other, or ask for what there is not */
    static Optional<GatewayParameters> of(Parameters parameters) throws MessagingException {
        if (!parameters.flag("startTLS", true)) {
            throw parameters.invalid("startTLS", "false", "true, or leave it out: STARTTLS is used wherever a server offers it");
        }
        if (parameters.flag("sslTrustAllCerts", false)) {
            throw parameters.invalid("sslTrustAllCerts", "true", "false, or leave it out: certificates of MX hosts are verified only "
                + "where a policy asks for it; for a gateway write verifyServerIdentity=false");
        }
        Optional<String> hosts = parameters.text("gateway");
        boolean atOnce = parameters.flag("sslEnable", false);
        boolean shuffled = parameters.flag("loadBalancing", true);
        return hosts.isEmpty() ? without(parameters, atOnce) : Optional.of(with(hosts.get(), parameters, atOnce, shuffled));
    }

    private static Optional<GatewayParameters> without(Parameters parameters, boolean atOnce) throws MessagingException {
        for (String name : ONLY_WITH_GATEWAY) {
            if (parameters.text(name).isPresent()) {
                throw parameters.invalid(name, name.equals("gatewayPassword") ? "(not shown)" : parameters.text(name).get(),
                    "nothing, because there is no 'gateway'");
            }
        }
        if (atOnce) {
            throw parameters.invalid("sslEnable", "true", "false, or leave it out: MX hosts have STARTTLS on port 25; TLS from the "
                + "first byte is for a gateway");
        }
        if (parameters.flag("verifyServerIdentity", false)) {
            throw parameters.invalid("verifyServerIdentity", "true", "false, or leave it out: the policy of the recipient domain decides "
                + "what is verified at MX hosts; only for a gateway it can be demanded here");
        }
        return Optional.empty();
    }

    private static GatewayParameters with(String hosts, Parameters parameters, boolean atOnce, boolean shuffled) throws MessagingException {
        Optional<String> user = parameters.text("gatewayUsername");
        Optional<String> password = parameters.text("gatewayPassword");
        if (user.isPresent() != password.isPresent()) {
            throw parameters.invalid(user.isPresent() ? "gatewayPassword" : "gatewayUsername", "",
                "gatewayUsername and gatewayPassword, both or neither");
        }
        boolean inClear = parameters.flag("gatewayAuthInClear", false);
        boolean verified = parameters.flag("verifyServerIdentity", atOnce || user.isPresent() && !inClear);
        return new GatewayParameters(hosts, parameters.number("gatewayPort", atOnce ? SMTPS : SMTP, 1, 65_535),
            shuffled ? Balancing.RANDOM : Balancing.IN_ORDER, atOnce ? Tls.IMPLICIT : Tls.STARTTLS,
            verified ? Verification.DEMANDED : Verification.AS_POLICY_SAYS, user, password.orElse(""),
            inClear ? ClearTextLogin.ALLOWED : ClearTextLogin.REFUSED);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "GatewayParameters[" + hosts + ", port " + port + ", " + tls + ", " + verification + "]";
    }
}
