package jamestls.fakeinternet;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/**
 * What one logger writes during a test, as far as it comes from the test's thread or from threads that it started: tests of other
 * classes may write to the same logger meanwhile. Declare it before the fields that start threads, and put
 * {@code @ResourceLock(CapturedLog.LOCK)} on the class, because the level of a logger is one for all tests.
 */
public final class CapturedLog implements BeforeEachCallback, AfterEachCallback {

    public static final String LOCK = "captured-log";

    private static final InheritableThreadLocal<CapturedLog> OF_THREAD = new InheritableThreadLocal<>();

    private final Logger logger;
    private final Level level;
    private Level levelBefore;
    private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            if (OF_THREAD.get() == CapturedLog.this) {
                events.add(event);
            }
        }
    };

    private CapturedLog(String logger, Level level) {
        this.logger = (Logger) LoggerFactory.getLogger(logger);
        this.level = level;
        OF_THREAD.set(this);
    }

    public static CapturedLog of(Class<?> logger, Level level) {
        return of(logger.getName(), level);
    }

    /** Of a logger and of those below it. */
    public static CapturedLog of(String logger, Level level) {
        return new CapturedLog(logger, level);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        appender.start();
        levelBefore = logger.getLevel();
        logger.setLevel(level);
        logger.addAppender(appender);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        OF_THREAD.remove();
        logger.detachAppender(appender);
        logger.setLevel(levelBefore);
    }

    /** In the order in which they were written. */
    public List<ILoggingEvent> events() {
        return List.copyOf(events);
    }

    public List<String> messages() {
        return events().stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
