package jamestls.scenario;

import jamestls.scenario.Host.Kind;
import jamestls.scenario.Host.Tlsa;
import jamestls.scenario.Scenario.Policy;
import jamestls.scenario.Scenario.Report;
import jamestls.scenario.Scenario.Result;
import jamestls.scenario.Scenario.Tls;
import java.util.List;
import java.util.Optional;

/** What the demo shows and the tests check: the same list. */
public final class Scenarios {

    public static final List<Scenario> ALL = List.of(
        new Scenario("good.example", "policy enforce, all in order",
            enforce("mx.good.example"),
            List.of(new Host("mx.good.example", 10, Kind.IN_ORDER)),
            Result.DELIVERED, Tls.AUTHENTICATED, Optional.of("mx.good.example"),
            new Report(1, 0, List.of())),
        new Scenario("stripped.example", "policy enforce, STARTTLS stripped by an attacker",
            enforce("mx.stripped.example"),
            List.of(new Host("mx.stripped.example", 10, Kind.WITHOUT_STARTTLS)),
            Result.HELD, Tls.NONE, Optional.empty(),
            new Report(0, 1, List.of("starttls-not-supported"))),
        new Scenario("impostor.example", "policy enforce, attacker's self-signed certificate",
            enforce("mx.impostor.example"),
            List.of(new Host("mx.impostor.example", 10, Kind.SELF_SIGNED)),
            Result.HELD, Tls.NONE, Optional.empty(),
            new Report(0, 1, List.of("certificate-not-trusted"))),
        new Scenario("rerouted.example", "policy enforce, attacker's MX before the one in the policy",
            enforce("mx.rerouted.example"),
            List.of(new Host("mx.attacker.example", 1, Kind.IN_ORDER), new Host("mx.rerouted.example", 10, Kind.IN_ORDER)),
            Result.DELIVERED, Tls.AUTHENTICATED, Optional.of("mx.rerouted.example"),
            new Report(1, 1, List.of("validation-failure"))),
        new Scenario("testing.example", "policy testing, certificate for another name",
            Optional.of(new Policy("testing", List.of("mx.testing.example"))),
            List.of(new Host("mx.testing.example", 10, Kind.WRONG_NAME)),
            Result.DELIVERED, Tls.UNAUTHENTICATED, Optional.of("mx.testing.example"),
            new Report(0, 1, List.of("certificate-host-mismatch"))),
        new Scenario("plain.example", "no policy, no STARTTLS",
            Optional.empty(),
            List.of(new Host("mx.plain.example", 10, Kind.WITHOUT_STARTTLS)),
            Result.DELIVERED, Tls.NONE, Optional.of("mx.plain.example"),
            new Report(0, 1, List.of("starttls-not-supported"))),
        new Scenario("optimist.example", "no policy, self-signed certificate",
            Optional.empty(),
            List.of(new Host("mx.optimist.example", 10, Kind.SELF_SIGNED)),
            Result.DELIVERED, Tls.UNAUTHENTICATED, Optional.of("mx.optimist.example"),
            new Report(1, 0, List.of())),
        new Scenario("dane.example", "no policy, a key that only its zone vouches for (DANE)",
            Optional.empty(),
            List.of(new Host("mx.dane.example", 10, Kind.SELF_SIGNED, Tlsa.MATCHING)),
            Result.DELIVERED, Tls.AUTHENTICATED, Optional.of("mx.dane.example"),
            new Report(1, 0, List.of())),
        new Scenario("both.example", "policy enforce and DANE, all in order",
            enforce("mx.both.example"),
            List.of(new Host("mx.both.example", 10, Kind.IN_ORDER, Tlsa.MATCHING)),
            Result.DELIVERED, Tls.AUTHENTICATED, Optional.of("mx.both.example"),
            new Report(2, 0, List.of())),
        new Scenario("forged.example", "policy enforce satisfied, but DANE knows another key",
            enforce("mx.forged.example"),
            List.of(new Host("mx.forged.example", 10, Kind.IN_ORDER, Tlsa.OF_ANOTHER_KEY)),
            Result.HELD, Tls.NONE, Optional.empty(),
            new Report(1, 1, List.of("validation-failure"))),
        new Scenario("bogus.example", "DANE with an expired signature, beside a host in order",
            Optional.empty(),
            List.of(new Host("mx1.bogus.example", 1, Kind.SELF_SIGNED, Tlsa.BOGUS),
                new Host("mx2.bogus.example", 2, Kind.SELF_SIGNED, Tlsa.MATCHING)),
            Result.DELIVERED, Tls.AUTHENTICATED, Optional.of("mx2.bogus.example"),
            new Report(1, 1, List.of("dnssec-invalid"))));

    private Scenarios() {
    }

    private static Optional<Policy> enforce(String mx) {
        return Optional.of(new Policy("enforce", List.of(mx)));
    }
}
