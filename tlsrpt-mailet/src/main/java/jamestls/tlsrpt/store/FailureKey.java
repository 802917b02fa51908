package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.net.InetAddress;
import java.util.Optional;

/**
 * Identifies an entry of {@code failure-details} (RFC 8460 §4.4); failures with equal values share one.
 *
 * @param type registered result type
 * @param sendingIp own address; empty if there was no connection
 * @param mxHost MX host; empty if none was chosen
 * @param helo name from the server's greeting, printable ASCII
 * @param receivingIp address of the server; empty if there was no connection
 * @param reason printable ASCII, at most 300 characters, may be empty
 */
public record FailureKey(ResultType type, Optional<InetAddress> sendingIp, Optional<DomainName> mxHost, Optional<String> helo,
                         Optional<InetAddress> receivingIp, String reason) {

    private static final String FOLDED = "one of more failures than are listed one by one";
    private static final int FIXED_WEIGHT = 400;

    public static FailureKey of(Peer peer, Violation violation) {
        return new FailureKey(violation.type(), peer.sendingIp(), peer.mxHost(), peer.helo(), peer.receivingIp(), violation.reason());
    }

    /** The entry that counts all failures of a type beyond the limit of entries. */
    public static FailureKey folded(ResultType type) {
        return new FailureKey(type, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), FOLDED);
    }

    /** Whether this is an entry that {@link #folded} returns. */
    public boolean isFolded() {
        return equals(folded(type));
    }

    /** Estimated memory in bytes. */
    long weight() {
        return FIXED_WEIGHT + reason.length() + helo.map(String::length).orElse(0) + mxHost.map(name -> name.ascii().length()).orElse(0);
    }
}
