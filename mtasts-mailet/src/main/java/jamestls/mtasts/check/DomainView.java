package jamestls.mtasts.check;

import jamestls.dns.DomainName;
import jamestls.mtasts.delivery.DryRunResult;
import jamestls.mtasts.sts.PolicyFetcher.FetchResult;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.rua.Rua;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What was seen of a domain, not yet judged.
 *
 * @param time when the look began
 * @param sts the TXT records at {@code _mta-sts}
 * @param policy the fetch of the policy; empty without a valid record
 * @param mail the mail hosts and the sessions with them
 * @param reports the TXT records at {@code _smtp._tls}
 * @param destinations the destinations in the TLSRPT record
 */
public record DomainView(DomainName domain, Instant time, TxtRecords sts, Optional<Fetch> policy, DryRunResult mail, TxtRecords reports,
                         List<Destination> destinations) {

    public DomainView {
        destinations = List.copyOf(destinations);
    }

    /**
     * TXT records.
     *
     * @param failure why they are not known, one sanitized line; empty if they are
     */
    public record TxtRecords(List<String> texts, Optional<Failure> failure) {
        public TxtRecords {
            texts = List.copyOf(texts);
        }

        /** @param bogus whether DNSSEC validation failed: the owner's fault, while all else may be the network's */
        public record Failure(String text, boolean bogus) {
        }
    }

    /**
     * A fetch of the policy.
     *
     * @param certificate of the policy host; empty if it did not answer
     */
    public record Fetch(FetchResult result, Optional<X509Certificate> certificate) {
    }

    /**
     * A destination of reports.
     *
     * @param state whether it takes reports
     * @param detail the server's words or the error, one sanitized line
     */
    public record Destination(Rua rua, State state, String detail) {

        /** Whether reports arrive there. */
        public enum State {
            /** RCPT was accepted, or the server answered over HTTPS. */
            TAKES,
            /** The server refuses it for good. */
            REFUSES,
            /** No answer, or none that tells. */
            UNKNOWN
        }
    }

    /** The policy, if it was fetched and is valid. */
    public Optional<StsPolicy> valid() {
        return policy.flatMap(fetch -> fetch.result() instanceof FetchResult.Fetched(StsPolicy found) ? Optional.of(found)
            : Optional.empty());
    }

    /** The policy, if it is valid and not of mode none. */
    Optional<StsPolicy> active() {
        return valid().filter(found -> found.mode() != StsPolicy.Mode.NONE);
    }
}
