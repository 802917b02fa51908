package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.PolicyFixture.REFUSED;
import static jamestls.mtasts.sts.PolicyFixture.page;
import static jamestls.mtasts.sts.PolicyFixture.policy;
import static jamestls.mtasts.sts.StsPolicy.Mode.ENFORCE;
import static jamestls.mtasts.sts.StsPolicy.Mode.TESTING;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.CapturedLog;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;

/** What operators read of policies that are in danger: each once, not once for each mail. */
@ResourceLock(CapturedLog.LOCK)
class StsWarningsTest {

    private static final Duration MONTH = Duration.ofDays(30);

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(StsWarnings.class, Level.INFO);

    private final PolicyFixture world = new PolicyFixture();

    @Test
    void policyThatCannotBeRefreshedShouldBeLoggedOnceAndItsRecoveryToo() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.txt("v=STSv1; id=2").host(REFUSED);
        world.lookup();
        world.lookup();
        world.pass(FetchBackOff.PAUSE).lookup();
        world.pass(FetchBackOff.PAUSE).host(page(policy(ENFORCE, MONTH)));
        world.lookup();
        world.lookup();

        assertThat(messages()).containsExactly(
            "WARN The MTA-STS policy of example.com (mode enforce) can't be refreshed and expires 2026-03-31T12:00:00Z: "
                + "sts-policy-fetch-error (no connection: connection refused)",
            "INFO The MTA-STS policy of example.com is up to date again");
    }

    @Test
    void healthShouldNameTheFirstPoliciesAndHowManyThereAre() {
        StsWarnings warnings = new StsWarnings();
        assertThat(warnings.problem()).isEmpty();
        Instant now = Instant.parse("2026-03-01T12:00:00Z");
        for (int i = 0; i < 7; i++) {
            warnings.cannotRefresh(new StoredPolicy(DomainName.of("d" + i + ".example"), "1", StsPolicy.of(ENFORCE, MONTH,
                List.of(new MxPattern("mx.example"))), new StoredPolicy.Times(now, now, now, now.plus(MONTH)), Optional.empty()), "why",
                now);
        }

        assertThat(warnings.problem().orElseThrow()).startsWith("7 MTA-STS policies can't be refreshed: d")
            .contains(".example (mode enforce, expires 2026-03-31T12:00:00Z, why)").satisfies(text ->
                assertThat(text.split("mode enforce", -1)).hasSize(6));
    }

    @Test
    void recordThatIsMissingShouldNotBeCalledAFetchError() {
        // docs/reference/counting.md: it is no fetch
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.txtGone();
        world.lookup();
        world.lookup();

        assertThat(messages()).containsExactly("WARN The MTA-STS policy of example.com (mode enforce) can't be refreshed and expires "
            + "2026-03-31T12:00:00Z: no TXT record at _mta-sts.example.com");
    }

    @Test
    void policyThatExpiresOrBecomesWeakerShouldBeLogged() {
        world.publish("1", policy(ENFORCE, Duration.ofDays(1))).lookup();
        world.host(REFUSED).pass(Duration.ofHours(23)).refresh();
        world.pass(Duration.ofHours(1)).refresh();
        world.refresh();
        world.publish("2", policy(ENFORCE, MONTH)).lookup();
        world.publish("3", policy(TESTING, MONTH)).lookup();

        assertThat(messages()).hasSize(3);
        assertThat(messages().subList(1, 3)).containsExactly(
            "WARN The MTA-STS policy of example.com expired: mail is sent there without enforcement",
            "WARN The MTA-STS policy of example.com changed from enforce to testing");
    }

    private List<String> messages() {
        return log.events().stream().map(event -> event.getLevel() + " " + event.getFormattedMessage()).toList();
    }
}
