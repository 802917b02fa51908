package jamestls.tlsrpt.cli;

import jamestls.mtasts.direct.DirectMail;
import jamestls.tlsrpt.dkim.Signer;
import jamestls.tlsrpt.report.MailIds;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.ReportMail;
import jamestls.tlsrpt.report.Rua;
import jamestls.tlsrpt.send.ReportTransport;
import jamestls.tlsrpt.send.SuppressionList;
import java.time.Clock;

/** Signs report mails and takes them to their hosts, as James would: the same mail, under the same ids. */
final class DirectTransport implements ReportTransport<Rua.Mailto> {

    private final DirectMail mail;
    private final SigningKeys keys;
    private final MailIds ids;
    private final SuppressionList dead;
    private final Clock clock;

    DirectTransport(DirectMail mail, SigningKeys keys, MailIds ids, SuppressionList dead, Clock clock) {
        this.mail = mail;
        this.keys = keys;
        this.ids = ids;
        this.dead = dead;
        this.clock = clock;
    }

    @Override
    public Handover send(ReportFile file, Rua.Mailto destination) {
        Signer signer = keys.of(file.report().reporter().submitter());
        byte[] signed = signer.sign(ReportMail.write(file, destination.address(), clock.instant(), ids));
        return switch (mail.deliver(file.report().reporter().from(), destination.address(), signed)) {
            case DirectMail.Taken taken -> new Accepted();
            case DirectMail.NotNow notNow -> new Refused(notNow.why());
            case DirectMail.Never never -> {
                dead.leaveAlone(destination.address(), "a report was refused: " + never.why());
                yield new Declined(never.why());
            }
        };
    }
}
