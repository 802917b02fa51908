package jamestls.mtasts.delivery;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.mtasts.delivery.HostLookup.HostPlan;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.mtasts.sts.StsLookup;
import jamestls.smtp.TlsObservation;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * What a {@link DryRun} observed, and its result.
 *
 * @param mx whether DNSSEC proves the MX records; empty if there are no hosts
 * @param sts the result of the MTA-STS look-up; empty if there was none
 * @param hosts in the order in which they would be tried
 * @param outcome what a delivery would do now
 */
public record DryRunResult(DomainName domain, Optional<Security> mx, Optional<StsLookup> sts, List<HostFindings> hosts, Outcome outcome) {

    public DryRunResult {
        hosts = List.copyOf(hosts);
    }

    /**
     * What was found at one host.
     *
     * @param plan what was looked up, and what follows from it
     * @param reachable the addresses that would be connected to
     * @param sessions the sessions that were opened; empty without {@link DryRun.Connecting#YES}
     * @param causes why the mail would not go there, one line each; empty if it would, or if nothing was tried
     */
    public record HostFindings(HostPlan plan, List<InetAddress> reachable, List<SessionFindings> sessions, List<String> causes) {
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

        /**
         * Send the mail there.
         *
         * @param would why the mail would be held if policies were not only observed; empty if it would not
         */
        record Deliver(MxHost host, InetAddress address, TlsLevel level, Optional<Failure> would) implements Outcome {
        }

        /** Connect, which the dry run did not do. */
        record Connect() implements Outcome {
        }

        /**
         * Keep the mail and try again later.
         *
         * @param bounce the text of the bounce once the retries are used up
         */
        record Hold(Failure why, Failure bounce) implements Outcome {
        }

        /** Bounce the mail. */
        record Bounce(Failure why) implements Outcome {
        }
    }
}
