package jamestls.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.dns.DomainName;
import jamestls.page.Html;
import jamestls.page.Page;
import jamestls.page.PageAccess;
import jamestls.page.PageContent;
import jamestls.page.PageContents;
import jamestls.storage.StorageOutage;
import jamestls.web.AdminServer.Answer;
import jamestls.web.AdminServer.Authentication;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.james.webadmin.authentication.AuthenticationFilter;
import org.apache.james.webadmin.authentication.NoAuthenticationFilter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The page over HTTP, in James's own administration server. */
class PageRoutesTest {

    private static final String LINK = "/tls/link";

    private final PageContents contents = new PageContents();
    private AdminServer server;

    private void start(Authentication authentication) {
        PageAccess access = new PageAccess(Clock.systemUTC());
        AuthenticationFilter filter = authentication == Authentication.NONE ? new NoAuthenticationFilter() : (request, response) -> { };
        server = AdminServer.start(authentication,
            new PageRoutes(new Page(contents, Clock.systemUTC()), access, AdminServer.crossSiteCheck(), filter),
            new PageLinkRoutes(access, AdminServer.crossSiteCheck(), Clock.systemUTC()));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /** A part of the page with a text of a stranger. */
    private static class Part implements PageContent {

        @Override
        public String name() {
            return "the part";
        }

        @Override
        public List<Attention> attention() {
            return List.of(new Attention(Urgency.NOTE, "a note", ""), new Attention(Urgency.NOW, "<script>alert(1)</script>", "held"));
        }

        @Override
        public void overview(Html page) {
            page.element("h2", "Of the part");
        }

        @Override
        public void domain(DomainName domain, Html page) {
            page.element("p", "about " + domain);
        }

        @Override
        public Optional<List<DomainLine>> domains(String prefix, String after, int limit) {
            return Optional.of(IntStream.range(after.isEmpty() ? 0 : Integer.parseInt(after.substring(1, 3)) + 1, 60).limit(limit)
                .mapToObj(i -> new DomainLine("%s%02d.example".formatted(prefix, i), i, 0)).toList());
        }
    }

    @Test
    void pageShouldBeOpenWhereWebadminIs() {
        contents.add(new Part());
        start(Authentication.NONE);

        Answer answer = server.get("/tls/page");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.headers()).contains("Content-Type: text/html;", "Content-Security-Policy: default-src 'none';",
            "X-Content-Type-Options: nosniff", "Cache-Control: no-store");
        assertThat(answer.body()).contains("<html lang=\"en\">", "&lt;script&gt;alert(1)&lt;/script&gt;", "<h2>Of the part</h2>")
            .doesNotContain("<script").containsSubsequence("Now:", "Note:");
        assertThat(server.get("/tls/page/style.css").headers()).contains("text/css");
    }

    /** Else the page of any site that its reader visits could read it. */
    @Test
    void pageShouldNotBeOpenedToOtherSites() {
        start(Authentication.NONE);

        assertThat(server.get("/tls/page").headers()).doesNotContain("Access-Control-Allow-Origin");
        assertThat(server.get("/tls/link").headers()).as("James's own filter is on").contains("Access-Control-Allow-Origin");
    }

    @Test
    void pageShouldBeRefusedUnderTheNameOfAnotherServer() {
        start(Authentication.NONE);

        Answer answer = server.send("GET", "/tls/page", Map.of("Host", "rebound.attacker.example:{port}"), "");

        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.body()).contains("Host does not name this server").doesNotContain("Needs attention");
        assertThat(server.send("GET", "/tls/page", Map.of("Host", "mail.sender.example:{port}"), "").status()).isEqualTo(200);
    }

    @Test
    void onlyWhoHasALinkShouldSeeThePageWhereWebadminAsksWhoItIs() throws Exception {
        contents.add(new Part());
        start(Authentication.TOKEN);

        assertThat(server.get("/tls/page").status()).isEqualTo(401);
        assertThat(server.get("/tls/page/domains/a.example").body()).doesNotContain("about a.example");
        assertThat(server.get("/tls/page/domains").body()).doesNotContain("00.example");
        assertThat(server.post(LINK).status()).isEqualTo(401);

        Answer made = server.sendAsBoss("POST", LINK, "");
        assertThat(made.status()).isEqualTo(201);
        String link = new ObjectMapper().readTree(made.body()).path("link").asText();
        assertThat(link).startsWith("http://127.0.0.1:");
        String path = link.substring(link.indexOf("/tls/"));
        Answer entered = server.get(path);
        assertThat(entered.headers()).contains("HttpOnly; SameSite=Strict", "Path=/tls/page;");
        assertThat(entered.body()).contains("url=/tls/page");
        String cookie = entered.headers().replaceAll("(?s).*Set-Cookie: ([^;]*);.*", "$1");
        assertThat(server.send("GET", "/tls/page", Map.of("Cookie", cookie), "").body()).contains("Of the part");
        assertThat(server.send("GET", "/tls/page", Map.of("Cookie", cookie + "x"), "").status()).isEqualTo(401);
        assertThat(server.get(path).status()).as("the link is used").isEqualTo(403);
    }

    /** A page of another site that makes the operator's browser ask for a link. */
    @Test
    void linkShouldNotBeMadeForAnotherSite() {
        start(Authentication.TOKEN);

        assertThat(server.send("POST", LINK, Map.of("Authorization", "Bearer of-boss", "Origin", "http://attacker.example"), "").status())
            .isEqualTo(403);
    }

    @Test
    void domainsShouldComeInPagesAndBeFound() {
        contents.add(new Part());
        start(Authentication.NONE);

        Answer first = server.get("/tls/page/domains?search=d");
        assertThat(first.body()).contains("d00.example", "d49.example", "after=d49.example").doesNotContain("d50.example");
        assertThat(server.get("/tls/page/domains?search=d&after=d49.example").body()).contains("d50.example", "d59.example")
            .doesNotContain("Next domains");
        assertThat(server.get("/tls/page/domains/d01.example").body()).contains("about d01.example");
    }

    @ParameterizedTest
    @ValueSource(strings = {"%3Cscript%3E", "no..name", "%00"})
    void whatIsNoDomainShouldBeRefused(String name) {
        contents.add(new Part());
        start(Authentication.NONE);

        Answer answer = server.get("/tls/page/domains/" + name);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.body()).doesNotContain("<script", "about ");
    }

    @Test
    void partThatFailsShouldNotTakeTheOthersAway() {
        contents.add(new Part() {
            @Override
            public void overview(Html page) {
                throw new StorageOutage("connection refused by db.example port 5432", null);
            }
        });
        contents.add(new Part() {
            @Override
            public List<Attention> attention() {
                throw new AssertionError("a bug");
            }
        });
        start(Authentication.NONE);

        assertThat(server.get("/tls/page").body()).contains("connection refused by db.example port 5432", "an error that the log has",
            "<h2>Of the part</h2>");
    }

    @Test
    void emptyPageShouldSayWhatToDo() {
        start(Authentication.NONE);

        assertThat(server.get("/tls/page").body()).contains("No mailet of this software has started");
    }
}
