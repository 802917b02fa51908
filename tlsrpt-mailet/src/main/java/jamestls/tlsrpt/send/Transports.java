package jamestls.tlsrpt.send;

import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.Rua;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The two ways in which reports leave (RFC 8460 §3). */
public record Transports(ReportTransport<Rua.Mailto> mail, ReportTransport<Rua.Https> https) {

    ReportTransport.Handover send(ReportFile file, Rua destination) {
        return switch (destination) {
            case Rua.Mailto mailto -> mail.send(file, mailto);
            case Rua.Https web -> https.send(file, web);
            case Rua.Unusable unusable -> new ReportTransport.Rejected(unusable.reason());
        };
    }

    /** What is wrong on our side of them, a sentence each. */
    public List<String> problems() {
        return Stream.of(mail.problem(), https.problem()).flatMap(Optional::stream).toList();
    }
}
