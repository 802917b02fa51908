package jamestls.mtasts.delivery;

import static jamestls.mtasts.delivery.OutboundMail.Reporting.COUNTED;
import static jamestls.mtasts.delivery.OutboundMail.Reporting.NOT_COUNTED;
import static jamestls.mtasts.policy.SenderTlsRequest.AS_POLICY_SAYS;
import static jamestls.mtasts.policy.SenderTlsRequest.REQUIRED;
import static jamestls.mtasts.policy.SenderTlsRequest.WAIVED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.AddressGuard;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.james.core.MailAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeliveryTest {

    private static final String DOMAIN = "example.org";

    private TestDelivery internet;

    @BeforeEach
    void start() throws GeneralSecurityException {
        internet = new TestDelivery();
    }

    @AfterEach
    void noConnectionShouldBeLeftOpen() {
        try {
            await().until(() -> internet.openConnections() == 0);
        } finally {
            internet.close();
        }
    }

    @Test
    void enforceShouldDeliverOverVerifiedTls() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.example.org").goodMx(DOMAIN);

        assertThat(internet.deliver(DOMAIN)).isEqualTo(delivered("bob@example.org"));
        assertThat(mx.mails()).singleElement().satisfies(mail -> {
            assertThat(mail.tls().orElseThrow().sni()).contains("mx.example.org");
            assertThat(mail.text()).contains("Subject: hi").endsWith("hello\r\n");
        });
        assertThat(reported()).containsExactly("sts met");
    }

    @Test
    void enforceShouldHoldTheMailWithoutStartTls() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.example.org").mx(DOMAIN, 10, "mx.example.org", setup -> setup);

        assertThat(deferral(internet.deliver(DOMAIN)).toString()).startsWith("451 4.7.10")
            .contains("example.org").contains("mode enforce").contains("mx.example.org [127.0.0.11]").contains("STARTTLS not supported");
        assertThat(mx.mails()).isEmpty();
        assertThat(reported()).containsExactly("sts starttls-not-supported");
    }

    @Test
    void enforceShouldHoldTheMailFromAnImpostor() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.example.org").mx(DOMAIN, TestCa.selfSigned("mx.example.org"));

        assertThat(deferral(internet.deliver(DOMAIN)).toString()).startsWith("451 4.7.5").contains("self-signed certificate");
        assertThat(mx.mails()).isEmpty();
        assertThat(reported()).containsExactly("sts certificate-not-trusted");
    }

    @Test
    void enforceShouldSkipMxThatPolicyDoesNotList() throws Exception {
        internet.policy(DOMAIN, "enforce", "mx.example.org");
        SmtpServer attacker = internet.mx(DOMAIN, 1, "mx.attacker.example",
            setup -> setup.identity(internet.ca.issue("mx.attacker.example")));
        SmtpServer mx = internet.goodMx(DOMAIN);

        assertThat(internet.deliver(DOMAIN)).isEqualTo(delivered("bob@example.org"));
        assertThat(attacker.connections()).isZero();
        assertThat(mx.mails()).hasSize(1);
        assertThat(reported()).containsExactly("sts validation-failure", "sts met");
    }

    @Test
    void testingShouldDeliverAndRecordTheFailure() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "testing", "mx.example.org").mx(DOMAIN, internet.ca.issue("other.example"));

        assertThat(internet.deliver(DOMAIN)).isEqualTo(delivered("bob@example.org"));
        assertThat(mx.mails().getFirst().tls()).isPresent();
        assertThat(reported()).containsExactly("sts certificate-host-mismatch");
    }

    @Test
    void brokenTlsShouldBeFollowedByClearTextWithoutPolicy() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN).at(SmtpPhase.HANDSHAKE, SmtpAct.say("this is no TLS").then(SmtpAct.Then.CLOSE));

        assertThat(internet.deliver(DOMAIN)).isEqualTo(delivered("bob@example.org"));
        assertThat(mx.connections()).isEqualTo(2);
        assertThat(mx.mails()).singleElement().satisfies(mail -> assertThat(mail.tls()).isEmpty());
        assertThat(reported()).containsExactly("no-policy-found validation-failure");
    }

    @Test
    void brokenTlsShouldNeverBeFollowedByClearTextUnderEnforce() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.example.org").goodMx(DOMAIN)
            .at(SmtpPhase.HANDSHAKE, SmtpAct.drop());

        deferral(internet.deliver(DOMAIN));
        assertThat(mx.connections()).isEqualTo(1);
        assertThat(mx.mails()).isEmpty();
    }

    @Test
    void unverifiedTlsShouldDoWithoutPolicy() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, TestCa.selfSigned("whatever.example"));

        assertThat(internet.deliver(DOMAIN)).isEqualTo(delivered("bob@example.org"));
        assertThat(mx.mails().getFirst().tls()).isPresent();
        assertThat(reported()).containsExactly("no-policy-found met");
    }

    @Test
    void policyThatCannotBeFetchedShouldNotHoldMail() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.elsewhere.example").goodMx(DOMAIN);
        internet.policyHost.answer("mta-sts." + DOMAIN, new HttpAnswer.Redirect("https://elsewhere.example/"));

        assertThat(internet.deliver(DOMAIN)).isEqualTo(delivered("bob@example.org"));
        assertThat(mx.mails()).hasSize(1);
        assertThat(reported()).containsExactly("sts sts-policy-fetch-error");
    }

    @Test
    void policyThatDriftedUnderAnUnchangedIdShouldBeFetchedAgain() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.old.example").goodMx(DOMAIN);
        assertThat(deferral(internet.deliver(DOMAIN)).isPermanent()).isFalse();
        internet.policyHost.answer("mta-sts." + DOMAIN,
            HttpAnswer.policy("version: STSv1\nmode: enforce\nmax_age: 86400\nmx: mx.example.org\n"));

        // RFC 8461 §3.3: not within five minutes of the last fetch
        assertThat(deferral(internet.deliver(DOMAIN)).isPermanent()).isFalse();
        assertThat(internet.policyHost.requests("mta-sts." + DOMAIN)).isEqualTo(1);

        internet.policyClock.advance(Duration.ofMinutes(6));
        // RFC 8461 §5.1: by the new policy, in the same attempt
        assertThat(internet.deliver(DOMAIN)).isEqualTo(delivered("bob@example.org"));
        assertThat(internet.policyHost.requests("mta-sts." + DOMAIN)).isEqualTo(2);
        assertThat(mx.mails()).hasSize(1);
    }

    @Test
    void failingSecondHostShouldNotMakeAPolicyFailurePermanent() throws Exception {
        internet.policy(DOMAIN, "enforce", "mx.example.org").mx(DOMAIN, TestCa.selfSigned("mx.example.org"));
        internet.dns.zone().mx(DOMAIN, 20, "gone.example.org");

        assertThat(deferral(internet.deliver(DOMAIN)).isPermanent()).isFalse();
    }

    @Test
    void badGreetingShouldLeadToTheNextHost() throws Exception {
        SmtpServer first = internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup)
            .reply(SmtpPhase.GREETING, "554 5.3.2 not today");
        SmtpServer second = internet.mx(DOMAIN, 2, "mx2.example.org", setup -> setup);

        assertThat(internet.deliver(DOMAIN)).isEqualTo(delivered("bob@example.org"));
        assertThat(first.mails()).isEmpty();
        assertThat(second.mails()).hasSize(1);
    }

    @Test
    void everyRecipientShouldHaveAResultOfItsOwn() throws Exception {
        internet.goodMx(DOMAIN).replyTo("later@example.org", "450 4.2.1 busy").replyTo("never@example.org", "550 5.1.1 unknown");

        MailAddress bob = new MailAddress("bob@example.org");
        MailAddress later = new MailAddress("later@example.org");
        MailAddress never = new MailAddress("never@example.org");

        DeliveryResult result = internet.deliver(DOMAIN, AS_POLICY_SAYS, COUNTED, bob.asString(), later.asString(), never.asString());

        assertThat(result).isInstanceOfSatisfying(DeliveryResult.Answered.class, answered -> {
            assertThat(answered.accepted()).containsExactly(bob);
            assertThat(answered.failed().get(later).status()).isEqualTo("4.2.1");
            assertThat(answered.failed().get(never).isPermanent()).isTrue();
        });
    }

    @Test
    void recipientRefusedForNowShouldBeTriedAtTheNextHost() throws Exception {
        SmtpServer first = internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup).replyTo("later@example.org", "451 4.7.1 greylisted")
            .replyTo("never@example.org", "550 5.1.1 unknown");
        SmtpServer second = internet.mx(DOMAIN, 2, "mx2.example.org", setup -> setup);

        DeliveryResult result = internet.deliver(DOMAIN, AS_POLICY_SAYS, COUNTED, "bob@example.org", "later@example.org",
            "never@example.org");

        assertThat(result).isInstanceOfSatisfying(DeliveryResult.Answered.class, answered -> {
            assertThat(answered.accepted()).extracting(MailAddress::asString).containsExactly("bob@example.org", "later@example.org");
            assertThat(answered.failed()).hasSize(1);
        });
        assertThat(first.mails()).singleElement().satisfies(mail -> assertThat(mail.recipientAddresses())
            .containsExactly("bob@example.org"));
        assertThat(second.mails()).singleElement().satisfies(mail ->
            assertThat(mail.recipientAddresses()).containsExactly("later@example.org"));
    }

    @Test
    void repliesToManyRecipientsShouldBeReadInLinearTimeAndBounded() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN).reply(SmtpPhase.RCPT, "550 5.1.1 " + "x".repeat(400));
        String[] recipients = IntStream.range(0, 8_000).mapToObj(i -> "u" + i + "@example.org").toArray(String[]::new);

        DeliveryResult result = internet.deliver(DOMAIN, AS_POLICY_SAYS, COUNTED, recipients);

        assertThat(mx.mails()).isEmpty();
        assertThat(result).isInstanceOfSatisfying(DeliveryResult.Answered.class, answered -> {
            assertThat(answered.failed()).hasSize(8_000).allSatisfy((recipient, failure) ->
                assertThat(failure.status()).isEqualTo("5.1.1"));
            assertThat(answered.failed().values().stream().mapToInt(failure -> failure.text().length()).filter(length -> length > 100)
                .sum())
                .isLessThan(70_000);
        });
    }

    @Test
    void refusedSenderShouldBeAnAnswerAndATemporaryRefusalLeadOn() throws Exception {
        internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup).reply(SmtpPhase.MAIL, "451 4.3.0 later");
        SmtpServer second = internet.mx(DOMAIN, 2, "mx2.example.org", setup -> setup).reply(SmtpPhase.MAIL, "550 5.7.1 go away");

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().toString()).startsWith("550 5.7.1").contains("mx2.example.org").contains("go away"));
        assertThat(second.mails()).isEmpty();
    }

    @Test
    void connectionLostAfterTheFinalDotShouldBeTemporaryAndSaySo() throws Exception {
        internet.goodMx(DOMAIN).at(SmtpPhase.FINAL_REPLY, SmtpAct.drop());

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Answered.class, answered ->
            assertThat(answered.failed().values()).singleElement().satisfies(failure -> {
                assertThat(failure.isPermanent()).isFalse();
                assertThat(failure.text()).contains("may arrive twice");
            }));
    }

    @Test
    void nullMxShouldFailAtOnce() throws Exception {
        internet.dns.zone().mx(DOMAIN, 0, ".");

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().toString()).startsWith("550 5.1.10").contains("example.org"));
    }

    @Test
    void mxThatIsAnAddressShouldFailAtOnceWithTheReason() throws Exception {
        internet.dns.zone().mx(DOMAIN, 10, "192.0.2.1");

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().toString()).startsWith("550 5.4.4").contains("example.org", "'192.0.2.1'"));
    }

    @Test
    void goodAddressShouldBeReachedBehindSixDeadOnes() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);
        internet.dns.zone().aaaa("mx.example.org",
            "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5", "2001:db8::6");

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
    }

    @Test
    void onlyHostThatThePolicyListsShouldBeReachedBehindTwentyFiveOthers() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.example.org").goodMx(DOMAIN);
        for (int i = 0; i < 25; i++) {
            internet.dns.zone().mx(DOMAIN, 1, "h" + i + ".example.org").a("h" + i + ".example.org", "127.0.0.1");
        }

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
    }

    @Test
    void domainThatDoesNotExistShouldFailAtOnceButAnErrorNever() throws Exception {
        assertThat(internet.deliver("nowhere.example")).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().status()).isEqualTo("5.1.2"));

        internet.dns.faults().set("broken.example", DnsFault.SERVFAIL);
        assertThat(deferral(internet.deliver("broken.example")).status()).isEqualTo("4.4.3");
    }

    @Test
    void domainWithoutMxShouldBeItsOwnHost() throws Exception {
        SmtpServer mx = internet.mx("other.example", 1, "example.org", setup -> setup);

        assertThat(internet.deliver(DOMAIN)).isEqualTo(delivered("bob@example.org"));
        assertThat(mx.mails()).hasSize(1);
    }

    @Test
    void privateAddressShouldNotBeConnectedToUnlessAllowed() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);

        DeliveryResult result = internet.deliver(DOMAIN, AddressGuard.publicOnly(), AS_POLICY_SAYS, COUNTED, "bob@example.org");

        assertThat(deferral(result).text()).contains("127.0.0.11").contains("allowPrivateAddresses");
        assertThat(mx.connections()).isZero();
    }

    @Test
    void waivedTlsShouldDeliverWhateverThePolicySaysAndNotBeCounted() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.elsewhere.example").mx(DOMAIN, 10, "mx.example.org", setup -> setup);

        assertThat(internet.deliver(DOMAIN, WAIVED, COUNTED, "bob@example.org")).isEqualTo(delivered("bob@example.org"));
        assertThat(mx.mails()).hasSize(1);
        assertThat(internet.outcomes).isEmpty();
    }

    @Test
    void serverThatInsistsOnTlsItCanNotSpeakShouldHaveWaivedMailBounced() throws Exception {
        // RFC 8689 §4.2.2
        SmtpServer mx = internet.goodMx(DOMAIN).at(SmtpPhase.HANDSHAKE, SmtpAct.drop())
            .at(SmtpPhase.MAIL, SmtpAct.say("530 5.7.0 Must issue a STARTTLS command first"));

        assertThat(internet.deliver(DOMAIN, WAIVED, COUNTED, "bob@example.org")).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().toString()).contains("530 5.7.0 Must issue a STARTTLS command first"));
        assertThat(mx.mails()).isEmpty();
    }

    @Test
    void sessionOfAReportShouldNotBeCounted() throws Exception {
        internet.goodMx(DOMAIN);

        internet.deliver(DOMAIN, AS_POLICY_SAYS, NOT_COUNTED, "bob@example.org");
        assertThat(internet.outcomes).isEmpty();
    }

    @Test
    void requireTlsShouldTravelOnlyToServersThatHonourIt() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.example.org")
            .mx(DOMAIN, 10, "mx.example.org", setup -> setup.identity(internet.ca.issue("mx.example.org")).keywordsUnderTls("REQUIRETLS"));

        assertThat(internet.deliver(DOMAIN, REQUIRED, COUNTED, "bob@example.org")).isEqualTo(delivered("bob@example.org"));
        assertThat(mx.transcript()).anyMatch(line -> line.startsWith("C: MAIL FROM:<alice@sender.example>") && line.contains("REQUIRETLS"));
    }

    @Test
    void requireTlsShouldBounceWhereTheKeywordIsMissing() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.example.org").goodMx(DOMAIN);

        assertThat(internet.deliver(DOMAIN, REQUIRED, COUNTED, "bob@example.org")).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().status()).isEqualTo("5.7.30"));
        assertThat(mx.mails()).isEmpty();
    }

    @Test
    void requireTlsShouldBounceWhereNothingAuthenticatesTheHost() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);

        assertThat(internet.deliver(DOMAIN, REQUIRED, COUNTED, "bob@example.org")).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().status()).isEqualTo("5.7.10"));
        assertThat(mx.connections()).isZero();
    }

    @Test
    void requireTlsShouldWaitWhileTheHostIsDown() throws Exception {
        internet.policy(DOMAIN, "enforce", "mx.example.org").goodMx(DOMAIN).reply(SmtpPhase.GREETING, "421 4.3.2 restarting");

        assertThat(deferral(internet.deliver(DOMAIN, REQUIRED, COUNTED, "bob@example.org")).isPermanent()).isFalse();
    }

    private static DeliveryResult delivered(String recipient) throws Exception {
        return new DeliveryResult.Answered(List.of(new MailAddress(recipient)), Map.of());
    }

    private static Failure deferral(DeliveryResult result) {
        assertThat(result).isInstanceOf(DeliveryResult.Deferred.class);
        return ((DeliveryResult.Deferred) result).why();
    }

    /** What the report will say: policy type, and "met" or the result types, a line per session and policy. */
    private List<String> reported() {
        return internet.outcomes.stream().flatMap(outcome -> outcome.verdicts().stream()).map(verdict -> {
            PolicyType type = verdict.policy().type();
            return type.wireName() + " " + switch (verdict) {
                case PolicyVerdict.Met met -> "met";
                case PolicyVerdict.Violated violated ->
                    String.join(",", violated.violations().stream().map(violation -> violation.type().wireName()).toList());
            };
        }).toList();
    }
}
