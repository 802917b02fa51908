package jamestls.tlsrpt.collect;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.TlsOutcomeSink;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Decides in which reports an outcome is counted; docs/reference/counting.md has the table. A connection counts once in the report of
 * each recipient domain and reporting identity that it carried mail for, and once in all in the report of the MX host, whose TLSA
 * records are a policy of its own (RFC 8460 §4.4 has the TLSA base domain as {@code policy-domain}): the operator of the host can request
 * reports at {@code _smtp._tls} below its name, whatever domains it serves.
 */
public final class CountingRules implements TlsOutcomeSink {

    /** Whether MX hosts with TLSA records have reports of their own. */
    public enum MxHosts { REPORTED, NOT_REPORTED }

    private final Map<DomainName, DomainName> submitters;
    private final MxHosts mxHosts;
    private final TlsOutcomeSink sink;

    /** Report of a recipient domain, as a key of the reports in which a session was counted. */
    private record DomainReport(DomainName domain, Optional<DomainName> submitter) {
    }

    /** Report of an MX host about its TLSA records. */
    private record HostReport(DomainName base) {
    }

    /**
     * @param submitters reporting identities by sending domain; all other sending domains share the default identity
     * @param sink gets the outcomes; recipient domain and sending domain of each identify the report in which it counts
     */
    public CountingRules(Map<DomainName, DomainName> submitters, MxHosts mxHosts, TlsOutcomeSink sink) {
        this.submitters = Map.copyOf(submitters);
        this.mxHosts = mxHosts;
        this.sink = sink;
    }

    @Override
    public void record(List<TlsOutcome> outcomes) {
        List<TlsOutcome> counted = new ArrayList<>(outcomes.size() + 1);
        for (TlsOutcome outcome : outcomes) {
            Optional<DomainName> submitter = outcome.sendingDomain().map(submitters::get);
            if (isFirst(outcome, new DomainReport(outcome.recipientDomain(), submitter))) {
                add(counted, outcome, outcome.recipientDomain(), submitter, notYetCountedForHost(outcome));
            }
            if (mxHosts == MxHosts.REPORTED) {
                verdictsByHost(outcome).forEach((base, verdicts) -> {
                    if (isFirst(outcome, new HostReport(base))) {
                        add(counted, outcome, base, submitter, verdicts);
                    }
                });
            }
        }
        if (!counted.isEmpty()) {
            sink.record(counted);
        }
    }

    /** The verdicts, without the TLSA verdict of a domain that is its own MX host if the host's report has counted it already. */
    private static List<PolicyVerdict> notYetCountedForHost(TlsOutcome outcome) {
        DomainName domain = outcome.recipientDomain();
        if (outcome.session().isEmpty() || outcome.verdicts().stream().noneMatch(verdict -> isOfHost(verdict, domain))
                || isFirst(outcome, new HostReport(domain))) {
            return outcome.verdicts();
        }
        return outcome.verdicts().stream().filter(verdict -> !isOfHost(verdict, domain)).toList();
    }

    private static Map<DomainName, List<PolicyVerdict>> verdictsByHost(TlsOutcome outcome) {
        Map<DomainName, List<PolicyVerdict>> byHost = new LinkedHashMap<>();
        for (PolicyVerdict verdict : outcome.verdicts()) {
            DomainName base = verdict.policy().policyDomain();
            if (!base.equals(outcome.recipientDomain()) && isOfHost(verdict, base)) {
                byHost.computeIfAbsent(base, host -> new ArrayList<>()).add(verdict);
            }
        }
        return byHost;
    }

    private static boolean isOfHost(PolicyVerdict verdict, DomainName base) {
        return verdict.policy().type() == PolicyType.TLSA && verdict.policy().policyDomain().equals(base);
    }

    private static boolean isFirst(TlsOutcome outcome, Object report) {
        return outcome.session().isEmpty() || outcome.session().get().enter(report);
    }

    private static void add(List<TlsOutcome> counted, TlsOutcome outcome, DomainName domain, Optional<DomainName> submitter,
                            List<PolicyVerdict> verdicts) {
        if (!verdicts.isEmpty()) {
            counted.add(new TlsOutcome(outcome.at(), domain, outcome.peer(), verdicts, submitter, outcome.session()));
        }
    }
}
