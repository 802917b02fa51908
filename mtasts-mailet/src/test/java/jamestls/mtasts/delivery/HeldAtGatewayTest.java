package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.SmtpServer;
import jamestls.mtasts.delivery.Gateways.Verification;
import jamestls.mtasts.held.HeldGroup;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.held.HeldMails;
import jamestls.outcome.TlsOutcomes;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SmtpConnector.TlsUse;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Mails that wait for a gateway: they are found under the domains of their recipients. */
@Tag("slow")
class HeldAtGatewayTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final MemoryQueue queue = new MemoryQueue();
    private final Clock clock = Clock.systemUTC();
    private final HeldMails held = new HeldMails("outgoing", "here", Optional.empty(), clock);

    @Test
    void mailShouldBeListedForEachDomainThatWaitsAndRetriedForAnyOfThem() throws Exception {
        try (TestDelivery internet = new TestDelivery(ReuseLimits.none())) {
            SmtpServer gateway = internet.gateway("relay.example", setup -> setup).replyTo("bob@a.example", "450 4.2.1 busy")
                .replyTo("carol@b.example", "450 4.2.1 busy");
            Gateways gateways = new Gateways(Gateways.hosts("relay.example:" + gateway.port(), 25), Gateways.Order.AS_LISTED,
                TlsUse.IF_OFFERED, Verification.NOT_DEMANDED, Optional.empty());
            OutboundResources resources = internet.resources(5);
            try (QueueWorker worker = new QueueWorker(queue, Router.viaGateways(internet.delivery(resources), gateways, new Random(1)),
                    new RetrySchedule(List.of(Duration.ofHours(1)), 5), notices(), resources, 100)) {
                held.requests().carriedOutBy(domain -> worker.dueNow(Optional.of(domain)));
                queue.enQueue(FakeMail.builder().name("m1").sender(MailAddressFixture.SENDER)
                    .recipients("bob@a.example", "carol@b.example", "dave@c.example").mimeMessage(TestDelivery.message()).build());

                await().atMost(PATIENCE).until(() -> held.groups(Optional.empty()).size() == 2);
                assertThat(held.groups(Optional.empty())).extracting(HeldGroup::domain, HeldGroup::mails, HeldGroup::cause)
                    .containsExactly(tuple("a.example", 1L, Cause.REPLY), tuple("b.example", 1L, Cause.REPLY));
                assertThat(held.groups(Optional.empty())).allSatisfy(group ->
                    assertThat(group.why().remedy()).contains("the postmaster of the gateway"));

                gateway.replyTo("carol@b.example", "250 2.1.5 fine");
                held.requests().ask(DomainName.of("b.example"), "one");

                assertThat(gateway.awaitMails(2, PATIENCE)).hasSize(2);
                await().atMost(PATIENCE).untilAsserted(() ->
                    assertThat(held.groups(Optional.empty())).extracting(HeldGroup::domain).containsExactly("a.example"));
            }
        }
    }

    private QueueWorker.Notices notices() {
        return new QueueWorker.Notices(FakeMailContext.defaultContext(), Optional.empty(), Optional.empty(),
            new ReportMails(new TlsOutcomes(), clock), DeliverySettings.Delay.off(), held, clock);
    }
}
