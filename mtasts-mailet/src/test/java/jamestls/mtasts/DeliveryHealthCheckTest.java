package jamestls.mtasts;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.TlsOutcomes;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.james.core.healthcheck.Result;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

class DeliveryHealthCheckTest {

    private static final DomainName DOMAIN = DomainName.of("example.org");
    private static final List<TlsOutcome> OUTCOME = List.of(new TlsOutcome(Instant.EPOCH, DOMAIN, Peer.unknown(),
        List.of(new PolicyVerdict.Met(AppliedPolicy.none(DOMAIN)))));

    private final HealthRegistry health = new HealthRegistry();
    private final TlsOutcomes outcomes = new TlsOutcomes();
    private final DeliveryHealthCheck check = new DeliveryHealthCheck(health, outcomes);

    @Test
    void deliveryThatRunsWithoutTroubleShouldBeHealthy() {
        health.watch(List::of);

        assertThat(result().isHealthy()).isTrue();
    }

    @Test
    void troubleShouldDegradeForAsLongAsItLasts() {
        AtomicBoolean stale = new AtomicBoolean(true);
        health.watch(() -> stale.get() ? List.of("a policy can't be refreshed") : List.of());

        assertThat(result().isDegraded()).isTrue();
        assertThat(result().getCause()).contains("a policy can't be refreshed");
        stale.set(false);
        assertThat(result().isHealthy()).isTrue();
    }

    @Test
    void outcomesThatCannotBeStoredShouldDegradeUntilTheyCan() {
        health.watch(List::of);
        AtomicBoolean full = new AtomicBoolean(true);
        outcomes.subscribe(recorded -> {
            if (full.get()) {
                throw new IllegalStateException("disk full");
            }
        });

        outcomes.record(OUTCOME);
        assertThat(result().isDegraded()).isTrue();
        assertThat(result().getCause().orElseThrow()).contains("TLS outcomes").contains("disk full");
        full.set(false);
        outcomes.record(OUTCOME);
        assertThat(result().isHealthy()).isTrue();
    }

    @Test
    void ruleInPlaceOfAPolicyShouldBeNamedWithoutDegrading() {
        health.watch(new HealthRegistry.HealthProbe() {
            @Override
            public List<String> get() {
                return List.of();
            }

            @Override
            public List<String> notes() {
                return List.of("1 rule in force until its end: a.example may");
            }
        });

        assertThat(result().isHealthy()).isTrue();
        assertThat(result().getComponentName().getName()).isEqualTo("SecureRemoteDelivery: 1 rule in force until its end: a.example may");
        assertThat(check.componentName().getName()).isEqualTo("SecureRemoteDelivery");
    }

    @Test
    void causeShouldBeBounded() {
        health.watch(() -> List.of("x".repeat(100_000)));

        assertThat(result().getCause().orElseThrow()).hasSizeLessThan(1_100);
    }

    @Test
    void serverWithoutDeliveryShouldSaySo() {
        HealthRegistry.HealthProbe probe = List::of;
        health.watch(probe);
        health.forget(probe);

        assertThat(result().getCause()).contains("no SecureRemoteDelivery is running");
    }

    private Result result() {
        return Mono.from(check.check()).block();
    }
}
