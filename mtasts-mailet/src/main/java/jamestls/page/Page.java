package jamestls.page;

import jakarta.inject.Inject;
import jamestls.dns.DomainName;
import jamestls.net.SanitizedLogger;
import jamestls.page.PageContent.Attention;
import jamestls.page.PageContent.DomainLine;
import jamestls.storage.StorageOutage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** The documents of the page: overview, list of domains, one domain. */
public final class Page {

    /** The path of the overview. */
    public static final String PATH = "/tls/page";
    private static final String DOMAINS = PATH + "/domains";
    private static final String TITLE = "TLS of this mail server";
    private static final int DOMAINS_PER_PAGE = 50;
    private static final int MAX_ATTENTION = 50;
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Page.class);

    private final PageContents contents;
    private final Clock clock;

    @Inject
    public Page(PageContents contents, Clock clock) {
        this.contents = contents;
        this.clock = clock;
    }

    /** The path of the document about one domain. */
    public static String pathOf(String domain) {
        return DOMAINS + "/" + domain;
    }

    /** What needs attention, then the overview of each part. */
    public String overview() {
        return document("Overview", main -> {
            main.element("section", this::attention, "aria-labelledby", "attention");
            List<PageContent> all = contents.all();
            if (all.isEmpty()) {
                main.element("p", "No mailet of this software has started in this server yet.", "class", "empty");
            }
            all.forEach(content -> guarded(content, main, part -> content.overview(part)));
        });
    }

    private void attention(Html section) {
        section.element("h2", "Needs attention now", "id", "attention");
        List<Attention> all = new ArrayList<>();
        for (PageContent content : contents.all()) {
            guarded(content, section, ignored -> all.addAll(content.attention()));
        }
        all.sort(Comparator.comparing(Attention::urgency));
        if (all.isEmpty()) {
            section.element("p", "Nothing: no mail is held, and everything works.", "class", "empty");
            return;
        }
        section.element("ul", list -> all.stream().limit(MAX_ATTENTION).forEach(each -> list.element("li", item -> {
            item.element("strong", word(each), "class", "urgency").text(" " + each.what());
            if (!each.command().isEmpty()) {
                item.element("code", each.command(), "class", "command");
            }
        }, "class", each.urgency().name().toLowerCase(Locale.ROOT))), "class", "attention");
        if (all.size() > MAX_ATTENTION) {
            section.element("p", "And " + (all.size() - MAX_ATTENTION) + " more.");
        }
    }

    /** The urgency in words, because not everybody sees its colour. */
    private static String word(Attention attention) {
        return switch (attention.urgency()) {
            case NOW -> "Now:";
            case SOON -> "Soon:";
            case NOTE -> "Note:";
        };
    }

    /**
     * The list of domains.
     *
     * @param search what names begin with; any case
     * @param after the last domain of the list before; empty at first
     */
    public String domains(String search, String after) {
        String prefix = search.strip().toLowerCase(Locale.ROOT);
        return document("Domains", main -> {
            main.element("h2", "Domains");
            for (PageContent content : contents.all()) {
                guarded(content, main, part -> content.domains(prefix, after, DOMAINS_PER_PAGE)
                    .ifPresent(found -> list(part, prefix, found)));
            }
        });
    }

    private static void list(Html part, String prefix, List<DomainLine> found) {
        if (found.isEmpty()) {
            part.element("p", prefix.isEmpty() ? "No session has been counted yet. Send a mail to another domain, and look again."
                : "No counted domain begins with '" + prefix + "'.", "class", "empty");
            return;
        }
        String[] columns = {"Domain", "#Sessions", "#Failed"};
        part.table("Sessions with the hosts of a domain, on the days that are kept", columns, rows ->
            found.forEach(line -> rows.element("tr", row -> row
                .element("th", cell -> cell.link(pathOf(line.domain()), line.domain()), "scope", "row")
                .element("td", Long.toString(line.sessions()), "class", "number")
                .element("td", Long.toString(line.failed()), "class", line.failed() > 0 ? "number bad" : "number"))));
        if (found.size() == DOMAINS_PER_PAGE) {
            part.element("p", next -> next.link(DOMAINS + "?search=" + encoded(prefix) + "&after=" + encoded(found.getLast().domain()),
                "Next domains"));
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Everything about one domain, in both directions. */
    public String domain(DomainName domain) {
        return document(domain.ascii(), main -> {
            main.element("h2", domain.ascii());
            contents.all().forEach(content -> guarded(content, main, part -> content.domain(domain, part)));
        });
    }

    /** A document with one message. */
    public String message(String heading, String text) {
        return document(heading, main -> main.element("h2", heading).element("p", text));
    }

    /** The document that follows a link: the cookie is not sent with a redirect that began elsewhere, so the browser goes on by itself. */
    public String entered() {
        Html page = new Html();
        page.empty("meta", "http-equiv", "refresh", "content", "0; url=" + PATH);
        page.element("p", text -> text.link(PATH, "Go on to the page"));
        return "<!DOCTYPE html>" + page;
    }

    /** The style sheet. */
    public static String style() {
        try (InputStream style = Page.class.getResourceAsStream("page.css")) {
            return new String(style.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void guarded(PageContent content, Html page, Consumer<Html> part) {
        try {
            part.accept(page);
        } catch (StorageOutage e) {
            page.element("p", "Not shown, because the database fails: " + content.name() + ". " + e.getMessage(), "class", "empty");
        } catch (RuntimeException | Error e) {
            LOGGER.error("The page could not show {}", content.name(), e);
            page.element("p", "Not shown, because of an error that the log has: " + content.name() + ".", "class", "empty");
        }
    }

    private String document(String heading, Consumer<Html> content) {
        Html page = new Html();
        page.element("html", html -> {
            html.element("head", head -> {
                head.empty("meta", "charset", "utf-8");
                head.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
                head.element("title", heading + " - " + TITLE);
                head.empty("link", "rel", "stylesheet", "href", PATH + "/style.css");
                head.empty("link", "rel", "icon", "href", "data:,");
            });
            html.element("body", body -> {
                body.element("header", Page::header);
                body.element("main", content);
                body.element("footer", footer -> footer.element("p",
                    "As of " + clock.instant().truncatedTo(ChronoUnit.SECONDS) + ". This page changes nothing and connects to nobody."));
            });
        }, "lang", "en");
        return "<!DOCTYPE html>" + page;
    }

    private static void header(Html header) {
        header.element("h1", title -> title.link(PATH, TITLE));
        header.element("nav", nav -> nav.link(PATH, "Overview").text(" ").link(DOMAINS, "Domains"), "aria-label", "Pages");
        header.element("form", form -> {
            form.element("label", "Find a domain ", "for", "search");
            form.empty("input", "type", "search", "id", "search", "name", "search", "maxlength", "253", "autocomplete", "off");
            form.element("button", "Find", "type", "submit");
        }, "action", DOMAINS, "method", "get", "role", "search");
    }
}
