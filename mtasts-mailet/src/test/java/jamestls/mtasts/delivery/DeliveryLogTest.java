package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import jamestls.fakeinternet.SmtpPhase;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class DeliveryLogTest {

    /** docs/monitoring.md: each field once, in this order, whatever a stranger says. */
    private static final Pattern LINE = Pattern.compile("delivery id=\\S+ domain=\\S+ mx=\\S+ ip=\\S+ tls=(none|unauthenticated|"
        + "authenticated|-) policy=\\S+ result=(delivered|partial|skipped|cleartext|deferred|bounced) reply=\"[^\"]*\" ms=\\d+ "
        + "cause=\"[^\"]*\"");

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(DeliveryLog.class);

    @BeforeEach
    void listen() {
        log.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(log);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(log);
        logger.setLevel(null);
    }

    @Test
    void replyShouldNotForgeLinesOrFields() throws Exception {
        try (TestDelivery internet = new TestDelivery()) {
            internet.mx("example.org", 1, "mx1.example.org", setup -> setup)
                .reply(SmtpPhase.MAIL, "451-no\" result=delivered reply=\"250", "451 delivery id=x\u2028domain=y \u0007");
            internet.mx("example.org", 2, "mx2.example.org", setup -> setup)
                .replyTo("bob@example.org", "550 5.1.1 \" ms=0 cause=\"");

            internet.deliver("example.org");

            List<String> lines = log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
            assertThat(lines).hasSize(2).allSatisfy(line -> assertThat(line).matches(LINE));
            assertThat(lines.get(0)).contains("mx=mx1.example.org").contains("result=skipped");
            assertThat(lines.get(1)).contains("mx=mx2.example.org").contains("result=bounced");
        }
    }
}
