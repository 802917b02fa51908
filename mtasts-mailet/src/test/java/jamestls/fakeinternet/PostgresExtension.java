package jamestls.fakeinternet;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A PostgreSQL for one test class ({@code @RegisterExtension static}), with databases for each test. */
public final class PostgresExtension implements BeforeAllCallback, AfterAllCallback {

    private final AtomicInteger databases = new AtomicInteger();
    private PostgresServer server;

    @Override
    public void beforeAll(ExtensionContext context) {
        server = PostgresServer.startOrSkip();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (server != null) {
            server.close();
        }
    }

    /** The URL of a new, empty database. */
    public String newDatabase() {
        return server.newDatabase("test" + databases.incrementAndGet());
    }

    /** To stop and start it, and to ask it. */
    public PostgresServer server() {
        return server;
    }
}
