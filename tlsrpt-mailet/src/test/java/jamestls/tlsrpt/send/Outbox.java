package jamestls.tlsrpt.send;

import jamestls.rua.Rua;
import jamestls.tlsrpt.report.ParsedReport;
import jamestls.tlsrpt.report.ReportFile;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Transports that record the reports they are given, or refuse them, or throw. */
final class Outbox {

    private final List<ParsedReport> reports = new CopyOnWriteArrayList<>();
    private final List<String> destinations = new CopyOnWriteArrayList<>();
    private final Set<String> refusing = ConcurrentHashMap.newKeySet();
    private final Set<String> failing = ConcurrentHashMap.newKeySet();

    ReportTransport.ByScheme transports() {
        return new ReportTransport.ByScheme(this::take, this::take);
    }

    Outbox refuse(String uri) {
        refusing.add(uri);
        return this;
    }

    Outbox failAt(String uri) {
        failing.add(uri);
        return this;
    }

    void accept(String uri) {
        refusing.remove(uri);
    }

    List<ParsedReport> reports() {
        return List.copyOf(reports);
    }

    List<String> destinations() {
        return List.copyOf(destinations);
    }

    private ReportTransport.Handover take(ReportFile file, Rua destination) {
        if (failing.contains(destination.uri())) {
            throw new IllegalStateException("broken transport");
        }
        if (refusing.contains(destination.uri())) {
            return new ReportTransport.Failed("not today");
        }
        reports.add(ParsedReport.ofGzip(file.gzip()));
        destinations.add(destination.uri());
        return new ReportTransport.Accepted();
    }
}
