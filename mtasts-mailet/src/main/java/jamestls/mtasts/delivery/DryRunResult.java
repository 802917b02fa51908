package jamestls.mtasts.delivery;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.mtasts.sts.StsLookup;
import jamestls.smtp.TlsObservation;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * What a {@link DryRun} saw and came to.
 *
 * @param mx whether DNSSEC proves the hosts; empty if there are none
 * @param sts what the MTA-STS look-up came to; empty if it did not come to that
 * @param hosts in the order in which they would be tried
 * @param outcome what a delivery would do now
 */
public record DryRunResult(DomainName domain, Optional<Security> mx, Optional<StsLookup> sts, List<HostFindings> hosts, Outcome outcome) {

    public DryRunResult {
        hosts = List.copyOf(hosts);
    }

    /**
     * One host.
     *
     * @param addresses what their look-up came to
     * @param dane what the TLSA look-up came to
     * @param demand what a session there must have
     * @param reachable the addresses that would be connected to
     * @param sessions those that were opened, if any were to be
     * @param causes why the mail would not go there, a line each; empty if it would, or if nobody tried
     */
    public record HostFindings(MxHost host, DnsAnswer<InetAddress> addresses, DaneLookup dane, TlsDemand demand,
                               List<InetAddress> reachable, List<SessionFindings> sessions, List<String> causes) {
        public HostFindings {
            reachable = List.copyOf(reachable);
            sessions = List.copyOf(sessions);
            causes = List.copyOf(causes);
        }
    }

    /** One session up to where the mail would have been sent. */
    public record SessionFindings(TlsObservation seen, Verdict verdict) {
    }

    /** What a delivery would do now. */
    public sealed interface Outcome {

        /** Send the mail there. */
        record Deliver(MxHost host, InetAddress address, TlsLevel level) implements Outcome {
        }

        /** Connect and see; the rehearsal did not. */
        record Connect() implements Outcome {
        }

        /**
         * Keep it and try again.
         *
         * @param bounce what the sender will read when the retries are used up
         */
        record Hold(Failure why, Failure bounce) implements Outcome {
        }

        /** Bounce it. */
        record Bounce(Failure why) implements Outcome {
        }
    }
}
