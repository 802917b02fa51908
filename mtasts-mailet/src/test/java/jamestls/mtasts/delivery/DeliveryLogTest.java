package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import jamestls.fakeinternet.CapturedLog;
import jamestls.fakeinternet.SmtpPhase;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(CapturedLog.LOCK)
class DeliveryLogTest {

    /** docs/monitoring.md: each field once, in this order, whatever a stranger says. */
    private static final Pattern LINE = Pattern.compile("delivery id=\\S+ domain=\\S+ mx=\\S+ ip=\\S+ tls=(none|unauthenticated|"
        + "authenticated|-) policy=\\S+ result=(delivered|partial|skipped|cleartext|deferred|bounced) reply=\"[^\"]*\" ms=\\d+ "
        + "cause=\"[^\"]*\"");

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(DeliveryLog.class, Level.INFO);

    @Test
    void replyShouldNotForgeLinesOrFields() throws Exception {
        try (TestDelivery internet = new TestDelivery()) {
            internet.mx("example.org", 1, "mx1.example.org", setup -> setup)
                .reply(SmtpPhase.MAIL, "451-no\" result=delivered reply=\"250", "451 delivery id=x\u2028domain=y \u0007");
            internet.mx("example.org", 2, "mx2.example.org", setup -> setup)
                .replyTo("bob@example.org", "550 5.1.1 \" ms=0 cause=\"");

            internet.deliver("example.org");

            List<String> lines = log.messages();
            assertThat(lines).hasSize(2).allSatisfy(line -> assertThat(line).matches(LINE));
            assertThat(lines.get(0)).contains("mx=mx1.example.org").contains("result=skipped");
            assertThat(lines.get(1)).contains("mx=mx2.example.org").contains("result=bounced");
        }
    }
}
