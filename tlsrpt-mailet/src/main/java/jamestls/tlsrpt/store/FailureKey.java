package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.net.InetAddress;
import java.util.Optional;

/**
 * All that two failures must have in common to share one entry of {@code failure-details} (RFC 8460 §4.4).
 *
 * @param type the registered result type
 * @param sendingIp our end, where a connection was made
 * @param mxHost the host tried, where one was chosen
 * @param helo the name the server gave itself, printable ASCII
 * @param receivingIp the server's end
 * @param reason printable ASCII, at most 300 characters, may be empty
 */
public record FailureKey(ResultType type, Optional<InetAddress> sendingIp, Optional<DomainName> mxHost, Optional<String> helo,
                         Optional<InetAddress> receivingIp, String reason) {

    private static final String FOLDED = "one of more failures than are listed one by one";
    private static final int FIXED_WEIGHT = 400;

    public static FailureKey of(Peer peer, Violation violation) {
        return new FailureKey(violation.type(), peer.sendingIp(), peer.mxHost(), peer.helo(), peer.receivingIp(), violation.reason());
    }

    /** The entry that takes all failures of a type for which no further entry of their own is kept. */
    public static FailureKey folded(ResultType type) {
        return new FailureKey(type, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), FOLDED);
    }

    /** True of the entries that {@link #folded} makes; there is at most one for each type. */
    public boolean isFolded() {
        return equals(folded(type));
    }

    /** Roughly how many bytes of memory it takes. */
    long weight() {
        return FIXED_WEIGHT + reason.length() + helo.map(String::length).orElse(0) + mxHost.map(name -> name.ascii().length()).orElse(0);
    }
}
