package jamestls.scenario;

import jamestls.fakeinternet.SmtpServer;
import jamestls.scenario.Scenario.Result;
import jamestls.scenario.Scenario.Tls;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The result of a scenario: what James logs about its mail, compared with what the mail servers received.
 *
 * @param tls how the mail travelled; NONE if it did not
 * @param through the host it was delivered to, if it was
 * @param reason why, in words
 * @param deviations the differences from the scenario; empty if there are none
 */
public record ScenarioResult(Scenario scenario, Result result, Tls tls, Optional<String> through, String reason, List<String> deviations) {

    static ScenarioResult of(Scenario scenario, List<DeliveryLine> lines, ScenarioInternet internet) {
        DeliveryLine last = lines.stream().filter(DeliveryLine::isFinal).findFirst().orElseThrow();
        boolean delivered = last.result().equals("delivered");
        Result result = delivered ? Result.DELIVERED : Result.HELD;
        Tls tls = delivered ? Tls.valueOf(last.tls().toUpperCase(Locale.ROOT)) : Tls.NONE;
        Optional<String> through = delivered ? Optional.of(last.mx()) : Optional.empty();
        List<String> deviations = new ArrayList<>();
        expect("result", scenario.result(), result, deviations);
        expect("tls", scenario.tls(), tls, deviations);
        expect("host", scenario.through(), through, deviations);
        boolean byDane = scenario.hosts().stream()
            .anyMatch(host -> through.equals(Optional.of(host.name())) && host.tlsa() == Host.Tlsa.MATCHING);
        if (delivered) {
            expect("demand of DANE", byDane, last.policy().equals("dane"), deviations);
        }
        if (result == Result.HELD) {
            // a deferral says domain, host, mode and cause
            scenario.policy().ifPresent(policy -> List.of(scenario.domain(), scenario.hosts().getFirst().name(), policy.mode())
                .forEach(word -> expect("word '" + word + "' in the deferral", true, last.cause().contains(word), deviations)));
            expect("word 'DANE' in the deferral", scenario.withDane(), last.cause().contains("DANE"), deviations);
            expect("kind of failure", "deferred", last.result(), deviations);
        }
        for (Host host : scenario.hosts()) {
            SmtpServer server = internet.mailServer(host.name());
            boolean target = scenario.through().equals(Optional.of(host.name()));
            expect("mails at " + host.name(), target ? 1 : 0, server.mails().size(), deviations);
            boolean unlisted = scenario.policy().filter(policy -> policy.mode().equals("enforce") && !policy.mx().contains(host.name()))
                .isPresent();
            if (unlisted || host.tlsa() == Host.Tlsa.BOGUS) {
                expect("connections to " + host.name(), 0, server.connections(), deviations);
            }
            if (target) {
                expect("TLS at " + host.name(), scenario.tls() != Tls.NONE, server.mails().getFirst().tls().isPresent(), deviations);
            }
        }
        return new ScenarioResult(scenario, result, tls, through, reason(lines, last), List.copyOf(deviations));
    }

    public boolean asExpected() {
        return deviations.isEmpty();
    }

    private static String reason(List<DeliveryLine> lines, DeliveryLine last) {
        if (last.mx().equals("-")) {
            return last.cause();
        }
        String before = lines.stream().takeWhile(line -> line != last).filter(line -> !line.cause().isEmpty())
            .map(line -> line.mx() + ": " + line.cause() + "; ").collect(Collectors.joining());
        return before + "through " + last.mx() + ", policy " + last.policy() + (last.cause().isEmpty() ? "" : ": " + last.cause());
    }

    private static void expect(String what, Object expected, Object actual, List<String> deviations) {
        if (!expected.equals(actual)) {
            deviations.add(what + " should be " + expected + " and is " + actual);
        }
    }
}
