package jamestls.outcome;

import java.util.List;

/** Takes TLS outcomes to count them. */
@FunctionalInterface
public interface TlsOutcomeSink {

    /**
     * Takes the outcomes of one delivery attempt and returns once they are stored, so that the caller may then acknowledge the mail. Must
     * be fast; outcomes that can't be stored are counted and dropped. The caller ignores exceptions, because mail must not depend on
     * reporting.
     */
    void record(List<TlsOutcome> outcomes);
}
