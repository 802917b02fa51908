package jamestls.storage;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import jamestls.fakeinternet.CapturedLog;
import jamestls.net.SanitizedLogger;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(CapturedLog.LOCK)
class AllStepsTest {

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(AllStepsTest.class, Level.WARN);

    @Test
    void stepsAfterOneThatThrowsShouldRun() {
        AtomicInteger run = new AtomicInteger();

        AllSteps.run(SanitizedLogger.of(AllStepsTest.class), "test", run::incrementAndGet, () -> {
            throw new StorageOutage("no connection", null);
        }, run::incrementAndGet, () -> {
            throw new NoClassDefFoundError("on purpose");
        }, run::incrementAndGet);

        assertThat(run).hasValue(3);
        assertThat(log.messages()).containsExactly("test: the store failed: no connection", "test: unexpected error, continuing");
    }
}
