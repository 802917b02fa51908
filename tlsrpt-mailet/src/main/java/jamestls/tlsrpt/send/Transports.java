package jamestls.tlsrpt.send;

import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.Rua;

/** The two ways the RFC knows (RFC 8460 §3). */
public record Transports(ReportTransport<Rua.Mailto> mail, ReportTransport<Rua.Https> https) {

    ReportTransport.Handover send(ReportFile file, Rua destination) {
        return switch (destination) {
            case Rua.Mailto mailto -> mail.send(file, mailto);
            case Rua.Https web -> https.send(file, web);
            case Rua.Unusable unusable -> new ReportTransport.Declined(unusable.reason());
        };
    }
}
