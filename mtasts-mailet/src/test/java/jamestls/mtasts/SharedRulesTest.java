package jamestls.mtasts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.PostgresExtension;
import jamestls.mtasts.policy.Rule.Destination;
import jamestls.mtasts.policy.RuleGrammar;
import jamestls.outcome.TlsOutcomes;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Two servers with one PostgreSQL. */
@Tag("slow")
class SharedRulesTest {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private static final DomainName DOMAIN = DomainName.of("broken.example");
    private static final DomainName HOST = DomainName.of("mx.broken.example");
    private static final Duration A_FEW_ROUNDS = Duration.ofSeconds(90);

    private final String url = POSTGRES.newDatabase();

    @Test
    void ruleOfOneServerShouldHoldOnTheOtherAndOutliveTheDatabase() throws Exception {
        try (Outbound one = open(); Outbound other = open()) {
            other.rules().start();
            one.rules().allow(RuleGrammar.rule("broken.example may until=" + Instant.now().plusSeconds(3_600) + " reason=\"ticket 4711\"",
                Instant.now()), "alice");
            assertThat(inForce(one)).as("at once").isEqualTo(List.of("alice"));
            await().atMost(A_FEW_ROUNDS).until(() -> inForce(other).equals(List.of("alice")));
            assertThat(other.rules().notes()).singleElement().asString().contains("broken.example may", "ticket 4711", "by alice");

            POSTGRES.server().stop();
            await().atMost(A_FEW_ROUNDS).until(() -> other.problems().stream().anyMatch(problem -> problem.contains("stay in force")));
            assertThat(inForce(other)).containsExactly("alice");

            POSTGRES.server().start();
            await().atMost(A_FEW_ROUNDS).ignoreExceptions()
                .until(() -> one.rules().remove(new Destination(Destination.Kind.DOMAIN, "broken.example"), "bob"));
            await().atMost(A_FEW_ROUNDS).until(() -> inForce(other).isEmpty());
            assertThat(other.rules().problems()).isEmpty();
        }
    }

    private static List<String> inForce(Outbound outbound) {
        return outbound.rules().find(DOMAIN, HOST).entries().stream().map(entry -> entry.who()).toList();
    }

    private Outbound open() throws Exception {
        JamesServices services = new JamesServices(null, null, null, null, null, null) {
            @Override
            public List<InetSocketAddress> dnsServers() {
                return List.of(new InetSocketAddress("192.0.2.53", 53));
            }

            @Override
            public String heloName() {
                return "sender.example";
            }
        };
        Parameters parameters = new Parameters(SecureRemoteDelivery.NAME,
            Map.of("database", url, "databaseUser", "postgres", "dnssec", "off"), new StockNames(), services);
        return Outbound.open(parameters, services, new TlsOutcomes(), Clock.systemUTC());
    }
}
