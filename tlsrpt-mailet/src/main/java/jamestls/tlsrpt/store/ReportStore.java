package jamestls.tlsrpt.store;

import java.util.List;

/** What became of reports: the memory of who was told what. Safe for many threads. */
public interface ReportStore {

    void add(ReportRecord sent);

    /** The last ones, newest first. */
    List<ReportRecord> latest();
}
