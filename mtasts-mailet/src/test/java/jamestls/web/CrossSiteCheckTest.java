package jamestls.web;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CrossSiteCheckTest {

    private final CrossSiteCheck check = AdminServer.crossSiteCheck();

    @ParameterizedTest
    @CsvSource(nullValues = "-", value = {
        "127.0.0.1:8000, -, -",
        "127.0.0.1:8000, http://127.0.0.1:8000, same-origin",
        "127.0.0.1:8000, -, none",
        "[::1]:8000, http://[::1]:8000, -",
        "localhost, -, -",
        "LOCALHOST:8000, http://localhost:8000, -",
        "james:8000, -, -",
        "sender.example, https://sender.example, -",
        "admin.sender.example:8000, -, same-origin"})
    void requestOfProgramsAndOfOwnPagesShouldPass(String host, String origin, String fetchSite) {
        assertThat(check.objection(host, origin, fetchSite)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", value = {
        "127.0.0.1:8000, http://attacker.example, -, Origin",
        "127.0.0.1:8000, null, -, Origin",
        "127.0.0.1:8000, '', -, Origin",
        "127.0.0.1:8000, http://127.0.0.1:8001, -, Origin",
        "127.0.0.1:8000, http://127.0.0.1:8000.attacker.example, -, Origin",
        "127.0.0.1:8000, -, cross-site, Sec-Fetch-Site",
        "127.0.0.1:8000, http://127.0.0.1:8000, same-site, Sec-Fetch-Site",
        "attacker.example:8000, http://attacker.example:8000, same-origin, Host",
        "attacker.example, -, -, Host",
        "127.0.0.1.attacker.example, -, -, Host",
        "127.0.0.1@attacker.example, -, -, Host",
        "notsender.example, -, -, Host",
        "-, -, -, Host"})
    void requestOfAnotherSiteShouldBeRefused(String host, String origin, String fetchSite, String field) {
        assertThat(check.objection(host, origin, fetchSite)).hasValueSatisfying(why -> assertThat(why).contains(field));
    }
}
