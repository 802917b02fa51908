package jamestls.tlsrpt.collect;

import jamestls.dns.DomainName;
import jamestls.outcome.LostReport;
import jamestls.outcome.PolicyType;
import jamestls.outcome.PolicyVerdict;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcomeSink;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts what DANE came to a second time, for the MX host: its TLSA records are the policy (RFC 8460 §4.4 has the TLSA base
 * domain as {@code policy-domain}), and whoever runs the host can ask for reports about it at {@code _smtp._tls} below that
 * name, whatever domains it serves.
 */
public final class MxHostReports implements TlsOutcomeSink {

    private final TlsOutcomeSink sink;

    public MxHostReports(TlsOutcomeSink sink) {
        this.sink = sink;
    }

    @Override
    public void record(List<TlsOutcome> outcomes) {
        List<TlsOutcome> all = new ArrayList<>(outcomes);
        outcomes.forEach(outcome -> all.addAll(forHosts(outcome)));
        sink.record(all);
    }

    @Override
    public void lost(LostReport report) {
        sink.lost(report);
    }

    private static List<TlsOutcome> forHosts(TlsOutcome outcome) {
        Map<DomainName, List<PolicyVerdict>> byHost = new LinkedHashMap<>();
        for (PolicyVerdict verdict : outcome.verdicts()) {
            DomainName base = verdict.policy().policyDomain();
            if (verdict.policy().type() == PolicyType.TLSA && !base.equals(outcome.recipientDomain())) {
                byHost.computeIfAbsent(base, host -> new ArrayList<>()).add(verdict);
            }
        }
        return byHost.entrySet().stream()
            .map(entry -> new TlsOutcome(outcome.at(), entry.getKey(), outcome.peer(), entry.getValue(), outcome.sendingDomain()))
            .toList();
    }
}
