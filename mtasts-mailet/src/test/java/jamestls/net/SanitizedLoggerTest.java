package jamestls.net;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class SanitizedLoggerTest {

    private static final String HOSTILE = "x\n2026-11-26 delivery result=delivered\u001b[2J\uffff\u2028";

    private final Logger logger = (Logger) LoggerFactory.getLogger("sanitized-logger-test");
    private final ListAppender<ILoggingEvent> written = new ListAppender<>();
    private final SanitizedLogger log = SanitizedLogger.of("sanitized-logger-test");

    @BeforeEach
    void listen() {
        logger.setLevel(Level.DEBUG);
        written.start();
        logger.addAppender(written);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(written);
    }

    @Test
    void everyLevelShouldCleanPatternAndArguments() {
        log.debug(HOSTILE + "{}", new StringBuilder(HOSTILE));
        log.info(HOSTILE + "{}", HOSTILE);
        log.warn(HOSTILE + "{}", HOSTILE);
        log.error(HOSTILE + "{}", HOSTILE);

        assertThat(written.list).hasSize(4).allSatisfy(event -> assertThat(event.getFormattedMessage())
            .startsWith("x?2026").doesNotContainPattern("[\\p{C}\\p{Zl}\\p{Zp}]"));
    }

    @Test
    void stackTraceShouldBeCleanDownToCausesAndSuppressed() {
        IOException cause = new IOException(HOSTILE);
        IllegalStateException thrown = new IllegalStateException(HOSTILE, cause);
        cause.addSuppressed(new IllegalArgumentException(HOSTILE));

        log.error("broke off: {}", HOSTILE, thrown);

        String trace = ThrowableProxyUtil.asString(written.list.getFirst().getThrowableProxy());
        assertThat(trace).contains("java.io.IOException: x?2026", "IllegalArgumentException: x?2026", "SanitizedLoggerTest.java")
            .doesNotContain("\n2026", "\u001b", "\uffff");
    }

    @Test
    void causesThatGoRoundInACircleShouldEnd() {
        IOException first = new IOException("a");
        IOException second = new IOException("b", first);
        first.initCause(second);

        log.error("circle", first);

        assertThat(written.list).hasSize(1);
    }

    @Test
    void cleanThrowableShouldBeLoggedAsItIs() {
        IOException thrown = new IOException("connection reset", new IOException("by peer"));

        log.error("broke off after {} tries in {}", 3, Duration.ofSeconds(2), thrown);

        assertThat(written.list.getFirst().getThrowableProxy().getClassName()).isEqualTo(IOException.class.getName());
        assertThat(written.list.getFirst().getFormattedMessage()).isEqualTo("broke off after 3 tries in PT2S");
    }

    @Test
    void argumentsOfALevelThatIsOffShouldNotBeAskedForTheirText() {
        AtomicInteger asked = new AtomicInteger();

        log.trace("{}", new Object() {
            @Override
            public String toString() {
                asked.incrementAndGet();
                return "";
            }
        });

        assertThat(asked).hasValue(0);
    }

    @Test
    void longTextShouldBeCut() {
        log.info("{}", "x".repeat(1_000_000));

        assertThat(written.list.getFirst().getFormattedMessage()).hasSize(4_000);
    }
}
