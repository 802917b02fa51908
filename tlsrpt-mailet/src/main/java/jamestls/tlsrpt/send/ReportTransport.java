package jamestls.tlsrpt.send;

import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.Rua;

/** A way for reports to leave, for one kind of destination. */
@FunctionalInterface
public interface ReportTransport<D extends Rua> {

    /** What became of it. */
    sealed interface Handover {
    }

    /** The destination took it, or for mail our own server did: it is somebody else's to deliver now. */
    record Accepted() implements Handover {
    }

    /** It did not; the reason is one line of bounded length. */
    record Refused(String reason) implements Handover {
    }

    /** We do not want to send it there, and will not want to later; the reason is one line of bounded length. */
    record Declined(String reason) implements Handover {
    }

    /** Blocks until it is known what became of the report; bounded in time. */
    Handover send(ReportFile file, D destination);
}
