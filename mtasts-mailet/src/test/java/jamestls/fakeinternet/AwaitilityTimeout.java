package jamestls.fakeinternet;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Gives whatever a test awaits half a minute, because the machine may have other work. Registered for all tests, as a service. */
public final class AwaitilityTimeout implements BeforeAllCallback {

    public static final Duration TIMEOUT = Duration.ofSeconds(30);

    @Override
    public void beforeAll(ExtensionContext context) {
        Awaitility.setDefaultTimeout(TIMEOUT);
    }
}
