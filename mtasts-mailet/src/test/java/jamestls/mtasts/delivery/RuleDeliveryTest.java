package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import jamestls.dns.AddressGuard;
import jamestls.fakeinternet.CapturedLog;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.SettableClock;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.SigningFault;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.mtasts.delivery.OutboundMail.Reporting;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.smtp.SmtpConnector.TlsUse;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.apache.james.core.builder.MimeMessageBuilder;
import org.apache.mailet.base.test.FakeMail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Rules per destination, and observing, over real sockets. */
@ResourceLock(CapturedLog.LOCK)
class RuleDeliveryTest {

    private static final String DOMAIN = "example.org";
    private static final String HOST = "mx.example.org";
    private static final LocalDate TOMORROW = LocalDate.now(ZoneOffset.UTC).plusDays(1);
    private static final String END = " until=" + TOMORROW + " reason=\"ticket 4711\"";

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(DeliveryLog.class, Level.INFO);

    private TestDelivery internet;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery();
    }

    @AfterEach
    void stop() {
        internet.close();
    }

    @Test
    void ruleWithAnEndShouldLetTheMailPassAndTheReportTellTheTruth() throws Exception {
        SmtpServer mx = enforcedWithBadCertificate();
        internet.tlsPolicies = DOMAIN + " may" + END;

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).singleElement().satisfies(mail -> assertThat(mail.tls()).isPresent());
        assertThat(mx.connections()).isEqualTo(1);
        assertThat(reported()).containsExactly("sts certificate-not-trusted");
        assertThat(log.messages()).singleElement().asString().contains("policy=override:may result=delivered")
            .endsWith(" rule=\"example.org\" reason=\"ticket 4711\" who=\"mailetcontainer.xml\"");
        assertThat(internet.metrics.countFor("mtastsDeliveriesByOverride")).isEqualTo(1);
    }

    @Test
    void ruleThatIsNotNeededShouldNotBeNamed() throws Exception {
        internet.policy(DOMAIN, "enforce", HOST).goodMx(DOMAIN);
        internet.tlsPolicies = DOMAIN + " may" + END;

        internet.deliver(DOMAIN);
        assertThat(log.messages()).singleElement().asString().contains("tls=authenticated policy=sts-enforce result=delivered")
            .doesNotContain("override");
        assertThat(internet.metrics.countFor("mtastsDeliveriesByOverride")).isZero();
    }

    @Test
    void ruleWithoutAnEndShouldNotLowerAnything() throws Exception {
        SmtpServer mx = enforcedWithBadCertificate();
        internet.tlsPolicies = DOMAIN + " may";

        assertThat(why(internet.deliver(DOMAIN))).contains("MTA-STS, mode enforce");
        assertThat(mx.mails()).isEmpty();
    }

    @Test
    void ruleShouldEndByTheClock() throws Exception {
        SettableClock clock = new SettableClock(Instant.now());
        internet.ruleClock = clock;
        SmtpServer mx = enforcedWithBadCertificate();
        internet.tlsPolicies = DOMAIN + " may" + END;
        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);

        clock.set(TOMORROW.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant());
        why(internet.deliver(DOMAIN));
        assertThat(mx.mails()).hasSize(1);
    }

    @Test
    void unlistedHostShouldGetTheMailUnderARuleAndBeCountedAsUnlisted() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.elsewhere.example").goodMx(DOMAIN);
        internet.tlsPolicies = "mx:" + HOST + " encrypt" + END;

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
        assertThat(reported()).containsExactly("sts validation-failure");
        assertThat(log.messages()).singleElement().asString().contains("policy=override:encrypt").contains(" rule=\"mx:mx.example.org\"");
    }

    @Test
    void brokenTlsShouldBeFollowedByClearTextUnderALowerRule() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", HOST).goodMx(DOMAIN)
            .at(SmtpPhase.HANDSHAKE, SmtpAct.say("this is no TLS").then(SmtpAct.Then.CLOSE));
        internet.tlsPolicies = DOMAIN + " may" + END;

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).singleElement().satisfies(mail -> assertThat(mail.tls()).isEmpty());
        assertThat(reported()).containsExactly("sts validation-failure");
        assertThat(log.messages().getLast()).contains("tls=none policy=override:may result=delivered").contains("reason=\"ticket 4711\"");
    }

    @Test
    void noneShouldNotSayStartTls() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);
        internet.tlsPolicies = DOMAIN + " none" + END;

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).singleElement().satisfies(mail -> assertThat(mail.tls()).isEmpty());
        assertThat(mx.connections()).isEqualTo(1);
        assertThat(log.messages()).singleElement().asString().contains("policy=override:none").contains("reason=\"ticket 4711\"");
    }

    @Test
    void secureShouldHoldTheMailFromAnImpostorWithoutAnyPolicyOfTheDomain() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, TestCa.selfSigned(HOST));
        internet.tlsPolicies = DOMAIN + " secure";

        assertThat(why(internet.deliver(DOMAIN))).startsWith("451 4.7.5").contains("secure, a rule of this server", "self-signed")
            .contains("the administrator of this server can change that rule");
        assertThat(mx.mails()).isEmpty();
        assertThat(reported()).as("the domain asks for nothing").containsExactly("no-policy-found met");
        assertThat(log.messages().getFirst()).contains("policy=none+secure result=skipped");
    }

    @Test
    void secureShouldTakeTheNamesOfTheRule() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, internet.ca.issue("mail7.hosting.example"));
        internet.tlsPolicies = DOMAIN + " secure";
        assertThat(why(internet.deliver(DOMAIN))).contains("certificate host mismatch");

        internet.tlsPolicies = DOMAIN + " secure match=.hosting.example";
        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
        assertThat(log.messages().getLast()).contains("tls=authenticated policy=none+secure result=delivered");
    }

    @Test
    void oldTlsShouldNotDoWhereARuleAsksForANewerOne() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, HOST, setup -> setup.identity(internet.ca.issue(HOST)).protocols("TLSv1.2"));
        internet.tlsPolicies = DOMAIN + " tls>=1.3";
        assertThat(why(internet.deliver(DOMAIN))).contains("a rule of this server asks for TLS 1.3");

        internet.tlsPolicies = DOMAIN + " tls>=1.2";
        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
    }

    @Test
    void requireTlsShouldNotBeLoweredByRuleOrObserving() throws Exception {
        SmtpServer mx = enforcedWithBadCertificate();
        internet.tlsPolicies = DOMAIN + " may" + END;
        internet.observeUntil = Optional.of(Instant.now().plusSeconds(3_600));

        assertThat(internet.deliver(DOMAIN, SenderTlsRequest.REQUIRED, Reporting.COUNTED, "bob@" + DOMAIN))
            .isInstanceOf(DeliveryResult.Refused.class);
        assertThat(mx.mails()).isEmpty();
    }

    @Test
    void gatewayToBeVerifiedShouldNotBeLoweredByRuleOrObserving() throws Exception {
        SmtpServer gateway = internet.gateway("relay.example", setup -> setup.identity(TestCa.selfSigned("relay.example")));
        internet.tlsPolicies = "relay.example may" + END + "\nmx:relay.example none" + END;
        internet.observeUntil = Optional.of(Instant.now().plusSeconds(3_600));
        Gateways gateways = new Gateways(Gateways.hosts("relay.example:" + gateway.port(), 25), Gateways.Order.AS_LISTED,
            TlsUse.IF_OFFERED, Gateways.Verification.DEMANDED, Optional.empty());

        assertThat(why(internet.dispatch(FakeMail.builder().name("Mail1").sender("alice@sender.example").recipient("bob@example.org")
            .mimeMessage(MimeMessageBuilder.mimeMessageBuilder().setText("hi")).build(), gateways))).contains("verifyServerIdentity");
        assertThat(gateway.mails()).isEmpty();
    }

    @Test
    void bogusAddressesShouldNeverBeUsedAndABogusTlsaShouldBeUnderARule() throws Exception {
        internet.close();
        DnsTree tree = DnsTree.over(new Zone()).signed(".", Signing.with(Signing.Algorithm.ECDSA))
            .signed(DOMAIN, Signing.with(Signing.Algorithm.ECDSA));
        internet = TestDelivery.over(tree);
        SmtpServer mx = internet.goodMx(DOMAIN);
        internet.dns.zone().tlsa("_" + mx.port() + "._tcp." + HOST, 3, 1, 1, new byte[32]);
        tree.fault("_" + mx.port() + "._tcp." + HOST, SigningFault.EXPIRED);
        internet.tlsPolicies = DOMAIN + " may" + END;

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
        assertThat(reported()).containsExactly("tlsa dnssec-invalid");
    }

    @Test
    void bogusAddressesShouldNeverBeUsed() throws Exception {
        internet.close();
        DnsTree tree = DnsTree.over(new Zone()).signed(".", Signing.with(Signing.Algorithm.ECDSA))
            .signed(DOMAIN, Signing.with(Signing.Algorithm.ECDSA));
        internet = TestDelivery.over(tree);
        SmtpServer mx = internet.goodMx(DOMAIN);
        tree.fault(HOST, SigningFault.BOGUS_SIGNATURE);
        internet.tlsPolicies = DOMAIN + " may" + END;
        internet.observeUntil = Optional.of(Instant.now().plusSeconds(3_600));

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Deferred.class);
        assertThat(mx.connections()).isZero();
        assertThat(reported()).as("counted as without a rule").containsExactly("tlsa dnssec-invalid");
    }

    @Test
    void observingShouldUseTheRejectedHostOfBestPreferenceWhenNoneIsLeft() throws Exception {
        internet.policy(DOMAIN, "enforce", "mx1.example.org", "mx2.example.org");
        SmtpServer first = internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup.identity(TestCa.selfSigned("mx1.example.org")));
        SmtpServer second = internet.mx(DOMAIN, 2, "mx2.example.org", setup -> setup.identity(TestCa.selfSigned("mx2.example.org")));
        internet.observeUntil = Optional.of(Instant.now().plusSeconds(3_600));

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Answered.class, answered ->
            assertThat(answered.would().orElseThrow().toString()).startsWith("451 4.7.5 example.org requires verified TLS"));
        assertThat(first.mails()).singleElement().satisfies(mail -> assertThat(mail.tls()).isPresent());
        assertThat(second.connections()).as("tried as with on").isEqualTo(1);
        assertThat(second.mails()).isEmpty();
        assertThat(reported()).as("as with on").containsExactly("sts certificate-not-trusted", "sts certificate-not-trusted");
        assertThat(log.messages().getLast()).contains("mx=mx1.example.org").contains("policy=observe:sts-enforce result=delivered")
            .contains(" would=\"held: 451 4.7.5 example.org requires verified TLS");
        assertThat(internet.metrics.countFor("mtastsDeliveriesObserved")).isEqualTo(1);
        assertThat(internet.metrics.countFor("mtastsDeliveriesByOverride")).isZero();
    }

    @Test
    void observingShouldPreferAHostThatSatisfies() throws Exception {
        internet.policy(DOMAIN, "enforce", "mx1.example.org", HOST);
        SmtpServer first = internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup.identity(TestCa.selfSigned("mx1.example.org")));
        SmtpServer good = internet.goodMx(DOMAIN);
        internet.observeUntil = Optional.of(Instant.now().plusSeconds(3_600));

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Answered.class, answered ->
            assertThat(answered.would()).isEmpty());
        assertThat(first.mails()).isEmpty();
        assertThat(good.mails()).hasSize(1);
        assertThat(log.messages()).noneMatch(line -> line.contains("would="));
    }

    @Test
    void observingShouldUseAnUnlistedHostAndCountItOnce() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.elsewhere.example").goodMx(DOMAIN);
        internet.observeUntil = Optional.of(Instant.now().plusSeconds(3_600));

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.connections()).isEqualTo(1);
        assertThat(reported()).containsExactly("sts validation-failure");
    }

    @Test
    void observingShouldLeaveMailToWaitThatNoPolicyHolds() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN).reply(SmtpPhase.MAIL, "451 4.7.1 greylisted");
        internet.observeUntil = Optional.of(Instant.now().plusSeconds(3_600));

        internet.deliver(DOMAIN);
        assertThat(mx.mails()).isEmpty();
        assertThat(mx.connections()).isEqualTo(1);
    }

    @Test
    void oneDestinationShouldBeObservedByItsRule() throws Exception {
        SmtpServer mx = enforcedWithBadCertificate();
        internet.tlsPolicies = "other.example observe until=" + TOMORROW;
        why(internet.deliver(DOMAIN));

        internet.tlsPolicies = DOMAIN + " observe until=" + TOMORROW;
        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
    }

    @Test
    void stricterLevelShouldBeTriedByObserving() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, TestCa.selfSigned(HOST));
        internet.tlsPolicies = DOMAIN + " secure observe until=" + TOMORROW;

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
        assertThat(log.messages().getLast()).contains("policy=observe:none+secure").contains("would=\"held: 451 4.7.5");
        assertThat(reported()).containsExactly("no-policy-found met");
    }

    @Test
    void mailBeyondTheRateShouldGoBackToTheQueueUntilItsTurn() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);
        internet.tlsPolicies = "mx:" + HOST + " rate=1/h";

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Postponed.class, postponed -> {
            assertThat(postponed.why()).contains("a rule limits the mail to " + HOST);
            assertThat(postponed.later().orElseThrow().toMinutes()).isBetween(58L, 60L);
        });
        assertThat(mx.mails()).hasSize(1);
    }

    @Test
    void familiesShouldLeaveOutTheOthers() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);
        internet.tlsPolicies = DOMAIN + " families=ipv6";
        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Deferred.class);
        assertThat(mx.connections()).isZero();

        internet.tlsPolicies = DOMAIN + " families=ipv6\nmx:" + HOST + " families=ipv4";
        assertThat(internet.deliver(DOMAIN, AddressGuard.anywhere(), SenderTlsRequest.AS_POLICY_SAYS, Reporting.COUNTED, "bob@" + DOMAIN))
            .as("the host's rule before the domain's").isInstanceOf(DeliveryResult.Answered.class);
    }

    private SmtpServer enforcedWithBadCertificate() {
        return internet.policy(DOMAIN, "enforce", HOST).mx(DOMAIN, TestCa.selfSigned(HOST));
    }

    private static String why(DeliveryResult result) {
        assertThat(result).isInstanceOf(DeliveryResult.Deferred.class);
        return ((DeliveryResult.Deferred) result).why().toString();
    }

    /** What the report will say: policy type, and "met" or the result types, one for each session and policy. */
    private List<String> reported() {
        return internet.outcomes.stream().flatMap(outcome -> outcome.verdicts().stream()).map(verdict -> verdict.policy().type().wireName()
            + " " + switch (verdict) {
                case PolicyVerdict.Met met -> "met";
                case PolicyVerdict.Violated violated ->
                    String.join(",", violated.violations().stream().map(violation -> violation.type().wireName()).toList());
            }).toList();
    }
}
