package jamestls.mtasts.check;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.mtasts.check.DomainView.Destination.State;
import jamestls.smtp.TlsObservation.StartTls;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StrictSenderTest {

    private static final DomainName DOMAIN = DomainName.of("own.example");
    private final CheckedInternet checked = new CheckedInternet(Clock.systemUTC());
    private final FakeInternet internet = checked.internet().mx("own.example", 10, "mx.own.example");

    @AfterEach
    void close() {
        checked.close();
    }

    @Test
    void slowServersShouldNotHoldALookBeyondItsLimit() {
        internet.mx("own.example", 20, "mx2.own.example").mx("own.example", 30, "mx3.own.example")
            .dns(zone -> zone.txt("_smtp._tls.own.example", "v=TLSRPTv1; rua=mailto:tls@own.example"));
        for (String host : List.of("mx.own.example", "mx2.own.example", "mx3.own.example")) {
            internet.mailServer(host).at(SmtpPhase.GREETING, SmtpAct.drip("220 mx ready", Duration.ofSeconds(1)));
        }
        long begun = System.nanoTime();

        DomainView view = checked.sender(Duration.ofSeconds(2)).look(DOMAIN, List.of());

        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(15));
        assertThat(view.mail().hosts()).hasSize(3).allSatisfy(host -> assertThat(host.sessions()).allSatisfy(session ->
            assertThat(session.seen().startTls()).isEqualTo(StartTls.UNKNOWN)));
        // no look-up begins after the time
        assertThat(view.reports().failure().orElseThrow().text()).contains("no time left for this check");
    }

    @Test
    void namedHostsShouldTakeThePlaceOfThoseInDns() {
        internet.mx("elsewhere.example", 10, "next.own.example");

        DomainView view = checked.sender(StrictSender.LIMIT).look(DOMAIN, List.of(DomainName.of("next.own.example")));

        assertThat(view.mail().hosts()).extracting(host -> host.plan().host().name().ascii()).containsExactly("next.own.example");
        assertThat(internet.mailServer("mx.own.example").connections()).isZero();
    }

    @Test
    void manyHostsShouldBeLookedAtUpToTheBoundOfDeliveries() {
        internet.dns(zone -> {
            for (int i = 0; i < 60; i++) {
                zone.mx("own.example", 100 + i, "mx" + i + ".none.example");
            }
        });

        assertThat(checked.sender(StrictSender.LIMIT).look(DOMAIN, List.of()).mail().hosts()).hasSize(20);
    }

    @Test
    void onlyTheFirstHostShouldBeAskedForTheMailbox() {
        internet.mx("in.example", 10, "mx1.in.example").mx("in.example", 20, "mx2.in.example")
            .mx("in.example", 30, SmtpServer.named("mx3.in.example"))
            .dns(zone -> zone.txt("_smtp._tls.own.example", "v=TLSRPTv1; rua=mailto:tls%40r@in.example,mailto:tls@in.example"));
        internet.mailServer("mx1.in.example").reply(SmtpPhase.MAIL, "550 5.7.1 not you");

        DomainView view = checked.sender(StrictSender.LIMIT).look(DOMAIN, List.of());

        assertThat(view.destinations()).extracting(DomainView.Destination::state).containsExactly(State.REFUSES, State.UNKNOWN);
        assertThat(view.destinations().getLast().detail()).contains("MAIL: 550 5.7.1 not you");
        assertThat(internet.mailServer("mx2.in.example").connections()).isZero();
    }
}
