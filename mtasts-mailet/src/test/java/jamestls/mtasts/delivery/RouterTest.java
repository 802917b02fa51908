package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.mtasts.mx.OwnAddresses;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.apache.james.core.MailAddress;
import org.apache.james.queue.api.MailPrioritySupport;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.DsnParameters;
import org.apache.mailet.DsnParameters.Notify;
import org.apache.mailet.DsnParameters.RecipientDsnParameters;
import org.apache.mailet.Mail;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RouterTest {

    private static final String DOMAIN = "example.org";
    private static final String EIGHT_BIT_MAIL = "Subject: hi\r\nMessage-ID: <1@sender.example>\r\nMIME-Version: 1.0\r\n"
        + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n";

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
    void addressLiteralShouldLeadToThatAddressAndNoPolicy() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);

        assertThat(internet.dispatch(mail("bob@[127.0.0.11]"))).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).singleElement().satisfies(mail -> {
            assertThat(mail.recipientAddresses()).containsExactly("bob@[127.0.0.11]");
            assertThat(mail.tls()).isPresent();
        });
        assertThat(internet.dns.queries()).isEmpty();
        assertThat(internet.outcomes).isEmpty();
    }

    @Test
    void addressOfOurOwnShouldEndALoop() throws Exception {
        SmtpServer better = internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup);
        SmtpServer us = internet.mx(DOMAIN, 10, "mx2.example.org", setup -> setup);
        SmtpServer worse = internet.mx(DOMAIN, 20, "mx3.example.org", setup -> setup);
        OwnAddresses itself = new OwnAddresses(Optional.empty(), Set.of(us.ip()));
        better.close();

        assertThat(internet.dispatch(mail("bob@example.org"), itself, 0)).isInstanceOf(DeliveryResult.Deferred.class);
        assertThat(us.connections() + worse.connections()).isZero();
    }

    @Test
    void domainWhoseBestHostHasOurAddressShouldBounce() throws Exception {
        SmtpServer us = internet.mx(DOMAIN, 10, "mx.example.org", setup -> setup);

        assertThat(internet.dispatch(mail("bob@example.org"), new OwnAddresses(Optional.empty(), Set.of(us.ip())), 0))
            .isInstanceOfSatisfying(DeliveryResult.Refused.class,
                refused -> assertThat(refused.why().toString()).startsWith("550 5.4.6").contains("mx.example.org", "mail loop"));
    }

    @Test
    void serverThatCallsItselfByOurNameShouldNotGetTheMail() throws Exception {
        SmtpServer mirror = internet.mx(DOMAIN, 10, "mx.example.org", setup -> setup);
        OwnAddresses itself = new OwnAddresses(Optional.of(DomainName.of("us.example.net")), Set.of(InetAddress.getLoopbackAddress()));
        SmtpServer named = internet.mx(DOMAIN, 5, "us.example.net", setup -> setup);
        internet.dns.zone().mx("other.example", 10, "alias.example.net").a("alias.example.net", named.ip().getHostAddress());

        assertThat(internet.dispatch(mail("bob@other.example"), itself, 0)).isInstanceOfSatisfying(DeliveryResult.Deferred.class,
            deferred -> assertThat(deferred.why().text()).contains("greets with this server's name"));
        assertThat(mirror.connections()).isZero();
        assertThat(named.mails()).isEmpty();
    }

    @Test
    void domainThatDoesNotExistShouldBeRetriedAsOftenAsConfigured() throws Exception {
        Mail mail = mail("bob@nowhere.example");

        assertThat(internet.dispatch(mail, OwnAddresses.unknown(), 1)).isInstanceOfSatisfying(DeliveryResult.Deferred.class,
            deferred -> assertThat(deferred.why().status()).isEqualTo("4.1.2"));
        FailureNotice.countRetry(mail);
        assertThat(internet.dispatch(mail, OwnAddresses.unknown(), 1)).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().status()).isEqualTo("5.1.2"));
    }

    @Test
    void failingDnsShouldNeverBounce() throws Exception {
        internet.dns.faults().set(DOMAIN, DnsFault.SERVFAIL);

        assertThat(internet.dispatch(mail("bob@example.org"))).isInstanceOf(DeliveryResult.Deferred.class);
    }

    @Test
    void notificationsShouldBePassedOnForEachRecipientInOneTransaction() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, "mx.example.org", setup -> setup.keywords("PIPELINING", "DSN", "MT-PRIORITY"));
        Mail mail = mail("bob@example.org", "carol@example.org", "dave@example.org");
        mail.setDsnParameters(DsnParameters.builder().envId(DsnParameters.EnvId.of("QQ+2B314")).ret(DsnParameters.Ret.FULL)
            .addRcptParameter(new MailAddress("bob@example.org"), RecipientDsnParameters.of(EnumSet.of(Notify.SUCCESS, Notify.FAILURE),
                new MailAddress("robert+x@old.example")))
            .addRcptParameter(new MailAddress("carol@example.org"), RecipientDsnParameters.of(EnumSet.of(Notify.NEVER)))
            .build().get());
        mail.setAttribute(new Attribute(MailPrioritySupport.MAIL_PRIORITY, AttributeValue.of(3)));

        internet.dispatch(mail);

        assertThat(mx.mails()).singleElement().satisfies(taken -> {
            assertThat(taken.mailParameters()).contains("RET=FULL", "ENVID=QQ+2B314", "MT-PRIORITY=3");
            assertThat(taken.recipients().get(0).parameters()).containsExactly(
                "NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;robert+2Bx@old.example");
            assertThat(taken.recipients().get(1).parameters()).containsExactly("NOTIFY=NEVER");
            assertThat(taken.recipients().get(2).parameters()).isEmpty();
        });
    }

    @Test
    void requestsShouldBeKeptFromServersThatDoNotKnowThem() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, "mx.example.org", setup -> setup);
        Mail mail = mail("bob@example.org");
        mail.setDsnParameters(DsnParameters.builder().ret(DsnParameters.Ret.FULL).build().get());
        mail.setAttribute(new Attribute(MailPrioritySupport.MAIL_PRIORITY, AttributeValue.of(3)));

        internet.dispatch(mail);

        assertThat(mx.mails().getFirst().mailParameters())
            .noneMatch(parameter -> parameter.startsWith("RET") || parameter.startsWith("MT"));
    }

    @Test
    void priorityThatOnlyOrdersOurQueueShouldNotBePassedOn() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, "mx.example.org", setup -> setup.keywords("MT-PRIORITY"));
        Mail mail = mail("bob@example.org");
        QueuePriority.RETRIES_LAST.begin(mail);

        internet.dispatch(mail);

        assertThat(mail.getAttribute(MailPrioritySupport.MAIL_PRIORITY)).contains(MailPrioritySupport.HIGH_PRIORITY_ATTRIBUTE);
        assertThat(mx.mails().getFirst().mailParameters()).isEmpty();
    }

    @Test
    void mailLargerThanTheServersLimitShouldBounceBeforeItIsSent() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, "mx.example.org", setup -> setup.keywords("SIZE 10"));

        assertThat(internet.dispatch(mail("bob@example.org"))).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().toString()).startsWith("550 5.3.4").contains("22 bytes").contains("10 at most"));
        assertThat(mx.transcript()).noneMatch(line -> line.startsWith("C: MAIL"));
    }

    @Test
    void eightBitsShouldBecomeSevenWhereTheServerCanDoNoMore() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, "mx.example.org", setup -> setup.keywords("SIZE"));
        FakeMail mail = mail("bob@example.org");
        mail.setMessage(message(EIGHT_BIT_MAIL));

        internet.dispatch(mail);

        assertThat(mx.mails()).singleElement().satisfies(taken -> {
            assertThat(taken.mailParameters()).noneMatch(parameter -> parameter.startsWith("BODY"));
            assertThat(taken.text()).contains("Message-ID: <1@sender.example>").contains("quoted-printable").contains("Gr=C3=BC=C3=9Fe");
            assertThat(message(taken.text()).getContent()).isEqualTo("Grüße\r\n");
        });
        assertThat(read(mail.getMessage())).as("James's own copy").isEqualTo(EIGHT_BIT_MAIL);
    }

    @Test
    void eightBitsShouldBecomeSevenWhereTheServerRefusesThemAlthoughItListsThem() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, "mx.example.org", setup -> setup.keywords("8BITMIME"))
            .once(SmtpPhase.MAIL, SmtpAct.say("555 5.5.4 BODY?"));
        FakeMail mail = mail("bob@example.org");
        mail.setMessage(message(EIGHT_BIT_MAIL));

        assertThat(internet.dispatch(mail)).isInstanceOf(DeliveryResult.Answered.class);

        assertThat(mx.mails()).singleElement().satisfies(taken -> assertThat(taken.text()).contains("quoted-printable"));
        assertThat(mx.connections()).isEqualTo(2);
    }

    @Test
    void eightBitsShouldStayWhereTheServerCanTakeThem() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, "mx.example.org", setup -> setup.keywords("8BITMIME"));
        FakeMail mail = mail("bob@example.org");
        mail.setMessage(message(EIGHT_BIT_MAIL));

        internet.dispatch(mail);

        assertThat(mx.mails().getFirst().mailParameters()).containsExactly("BODY=8BITMIME");
        assertThat(mx.mails().getFirst().text()).isEqualTo(EIGHT_BIT_MAIL);
    }

    @Test
    void bounceOfProtectedMailShouldAskForRequireTlsAndNotBeLostWithoutIt() throws Exception {
        internet.policy(DOMAIN, "enforce", "mx.example.org");
        SmtpServer mx = internet.mx(DOMAIN, 10, "mx.example.org",
            setup -> setup.identity(internet.ca.issue("mx.example.org")).keywordsUnderTls("REQUIRETLS"));
        internet.goodMx("second.example");
        internet.policy("second.example", "enforce", "mx.second.example");

        assertThat(internet.dispatch(bounce("bob@example.org"))).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails().getFirst().mailParameters()).contains("REQUIRETLS");
        assertThat(internet.dispatch(bounce("bob@second.example"))).isInstanceOf(DeliveryResult.Answered.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "TRUE"})
    void wordThatSetMailAttributeSetsShouldDemandTls(String word) throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);
        Mail mail = mail("bob@example.org");
        mail.setAttribute(new Attribute(OutboundMail.Attributes.REQUIRETLS, AttributeValue.of(word)));

        assertThat(internet.dispatch(mail)).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().status()).isEqualTo("5.7.10"));
        assertThat(mx.mails()).isEmpty();
    }

    @Test
    void protectedMailShouldNotAskForAFullBounce() throws Exception {
        internet.policy(DOMAIN, "enforce", "mx.example.org");
        SmtpServer mx = internet.mx(DOMAIN, 10, "mx.example.org",
            setup -> setup.identity(internet.ca.issue("mx.example.org")).keywordsUnderTls("REQUIRETLS", "DSN"));
        Mail mail = mail("bob@example.org");
        mail.setAttribute(new Attribute(OutboundMail.Attributes.REQUIRETLS, AttributeValue.of(true)));
        mail.setDsnParameters(DsnParameters.builder().ret(DsnParameters.Ret.FULL).build().get());

        internet.dispatch(mail);

        assertThat(mx.mails().getFirst().mailParameters()).contains("REQUIRETLS", "RET=HDRS").doesNotContain("RET=FULL");
    }

    private static FakeMail mail(String... recipients) throws Exception {
        return FakeMail.builder().name("mail").sender(MailAddressFixture.SENDER).recipients(recipients)
            .mimeMessage(TestDelivery.message()).build();
    }

    private static FakeMail bounce(String recipient) throws Exception {
        FakeMail bounce = FakeMail.builder().name("bounce").recipients(recipient).mimeMessage(TestDelivery.message()).build();
        bounce.setAttribute(new Attribute(OutboundMail.Attributes.REQUIRETLS, AttributeValue.of(true)));
        return bounce;
    }

    private static MimeMessage message(String text) throws Exception {
        return new MimeMessage(Session.getInstance(new Properties()), new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String read(MimeMessage message) throws IOException, jakarta.mail.MessagingException {
        java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
        message.writeTo(bytes);
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
