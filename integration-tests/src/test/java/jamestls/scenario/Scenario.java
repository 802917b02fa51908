package jamestls.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A recipient domain, what is wrong with it, and what must come of a mail to it.
 *
 * @param domain the recipient domain
 * @param situation for the reader
 * @param policy the MTA-STS policy it publishes, if any
 * @param hosts its MX hosts
 * @param result whether the mail arrives
 * @param tls how it travelled; {@link Tls#NONE} if it did not
 * @param through the host it must arrive at, if it arrives
 * @param report what the TLS report for that day must say
 */
public record Scenario(String domain, String situation, Optional<Policy> policy, List<Host> hosts, Result result, Tls tls,
                       Optional<String> through, Report report) {

    /** Whether DANE has a part in it; then the domain's zone is signed. */
    public boolean withDane() {
        return hosts.stream().anyMatch(host -> host.tlsa() != Host.Tlsa.NONE);
    }

    /** The kinds of policy that its report must have, sorted (RFC 8460 §4.4). */
    public List<String> policyTypes() {
        List<String> types = new ArrayList<>();
        policy.ifPresent(sts -> types.add("sts"));
        if (withDane()) {
            types.add("tlsa");
        }
        return types.isEmpty() ? List.of("no-policy-found") : types;
    }

    /**
     * An MTA-STS policy.
     *
     * @param mode enforce or testing
     * @param mx its mx patterns
     */
    public record Policy(String mode, List<String> mx) {

        /** The file at the policy host (RFC 8461 §3.2). */
        public String text() {
            StringBuilder text = new StringBuilder("version: STSv1\r\nmode: " + mode + "\r\n");
            mx.forEach(pattern -> text.append("mx: ").append(pattern).append("\r\n"));
            return text.append("max_age: 604800\r\n").toString();
        }
    }

    /**
     * What the report must count (RFC 8460 §4.4).
     *
     * @param success successful sessions
     * @param failure failed sessions
     * @param resultTypes of the failures, sorted
     */
    public record Report(int success, int failure, List<String> resultTypes) {
    }

    /** What becomes of the mail, the first time it is tried. */
    public enum Result {
        DELIVERED, HELD
    }

    /** How well the mail was protected on its way. */
    public enum Tls {
        NONE, UNAUTHENTICATED, AUTHENTICATED
    }
}
