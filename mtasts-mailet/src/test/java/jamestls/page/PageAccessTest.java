package jamestls.page;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SettableClock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class PageAccessTest {

    private final SettableClock clock = new SettableClock(Instant.parse("2026-11-26T12:00:00Z"));
    private final PageAccess access = new PageAccess(clock);

    @Test
    void linkShouldWorkOnce() {
        String link = access.newLink();

        String cookie = access.enter(link).orElseThrow();
        assertThat(access.admits(cookie)).isTrue();
        assertThat(access.enter(link)).isEmpty();
        assertThat(access.admits(link)).isFalse();
        assertThat(access.enter(cookie)).isEmpty();
    }

    @Test
    void linkAndCookieShouldEnd() {
        String late = access.newLink();
        String cookie = access.enter(access.newLink()).orElseThrow();
        clock.advance(PageAccess.LINK);
        assertThat(access.enter(late)).isEmpty();
        assertThat(access.admits(cookie)).isTrue();

        clock.advance(PageAccess.COOKIE.minus(PageAccess.LINK).minus(Duration.ofSeconds(1)));
        assertThat(access.admits(cookie)).isTrue();
        clock.advance(Duration.ofSeconds(1));
        assertThat(access.admits(cookie)).isFalse();
    }

    @Test
    void onlyTheNewestLinksAndCookiesShouldWork() {
        String first = access.newLink();
        for (int i = 0; i < 20; i++) {
            access.newLink();
        }
        assertThat(access.enter(first)).isEmpty();

        String cookie = access.enter(access.newLink()).orElseThrow();
        for (int i = 0; i < 100; i++) {
            assertThat(access.enter(access.newLink())).isPresent();
        }
        assertThat(access.admits(cookie)).isFalse();
    }
}
