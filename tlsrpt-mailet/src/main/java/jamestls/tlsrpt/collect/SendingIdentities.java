package jamestls.tlsrpt.collect;

import jamestls.dns.DomainName;
import jamestls.outcome.LostReport;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcomeSink;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Says of each session who is to report it. Most sending domains have no identity of their own; their sessions are reported
 * together.
 */
public final class SendingIdentities implements TlsOutcomeSink {

    private final Map<DomainName, DomainName> submitters;
    private final TlsOutcomeSink sink;

    /** @param submitters by sending domain */
    public SendingIdentities(Map<DomainName, DomainName> submitters, TlsOutcomeSink sink) {
        this.submitters = Map.copyOf(submitters);
        this.sink = sink;
    }

    @Override
    public void record(List<TlsOutcome> outcomes) {
        sink.record(outcomes.stream().map(this::identified).toList());
    }

    @Override
    public void lost(LostReport report) {
        sink.lost(report);
    }

    private TlsOutcome identified(TlsOutcome outcome) {
        Optional<DomainName> submitter = outcome.sendingDomain().map(submitters::get);
        return submitter.equals(outcome.sendingDomain()) ? outcome
            : new TlsOutcome(outcome.at(), outcome.recipientDomain(), outcome.peer(), outcome.verdicts(), submitter);
    }
}
