package jamestls.tlsrpt.send;

import jamestls.tlsrpt.report.MailIds;
import jamestls.tlsrpt.store.DestinationStore;
import java.util.function.Supplier;

/** The ids by the secret that all servers share; read once, when first needed. Throws {@code StorageOutage} until it could be. */
public final class SharedMailIds implements Supplier<MailIds> {

    private final DestinationStore store;
    private volatile MailIds ids;

    public SharedMailIds(DestinationStore store) {
        this.store = store;
    }

    @Override
    public MailIds get() {
        MailIds known = ids;
        if (known == null) {
            known = new MailIds(store.secret());
            ids = known;
        }
        return known;
    }
}
