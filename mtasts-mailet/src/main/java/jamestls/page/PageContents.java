package jamestls.page;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The parts of the page, which the mailets add when they start. Without a binding Guice creates one instance for the whole server; it must
 * not depend on {@code MailetConfig}, or James would create one per mailet.
 */
@Singleton
public final class PageContents {

    private final List<PageContent> contents = new CopyOnWriteArrayList<>();

    @Inject
    public PageContents() {
        // mailets add their parts
    }

    /** Adds a part at the end of the page. */
    public void add(PageContent content) {
        contents.add(content);
    }

    /** Removes a part; unknown parts are ignored. */
    public void remove(PageContent content) {
        contents.remove(content);
    }

    List<PageContent> all() {
        return List.copyOf(contents);
    }
}
