package jamestls.outcome;

import java.util.List;

/** Where outcomes go: implemented by whoever counts them. */
@FunctionalInterface
public interface TlsOutcomeSink {

    /**
     * Takes the outcomes of one delivery attempt and returns once they are safe, so that the caller may then acknowledge
     * the mail to its queue. Must be quick; what it cannot keep it counts and drops. The caller survives an exception,
     * because no mail may wait on reporting.
     */
    void record(List<TlsOutcome> outcomes);
}
