package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMultipart;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.james.core.MailAddress;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.DsnParameters;
import org.apache.mailet.DsnParameters.Notify;
import org.apache.mailet.DsnParameters.RecipientDsnParameters;
import org.apache.mailet.Mail;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.Test;

class FailureNoticeTest {

    private static final MailAddress BOB = address("bob@example.org");
    private static final Failure UNKNOWN = new Failure(550, "5.1.1", "mx.example.org said: 550 5.1.1 who?");
    private static final Failure BUSY = Failure.temporary("2.1", "mx.example.org said: 450 4.2.1 busy");

    private final FakeMailContext context = FakeMailContext.builder().postmaster(address("postmaster@sender.example")).build();

    @Test
    void failedMailShouldCarryTheAttributesOfStock() throws Exception {
        bounceAll(new FailureNotice(context, Optional.of("bounces")), mail(), Map.of(BOB, UNKNOWN));

        FakeMailContext.SentMail sent = context.getSentMails().getFirst();
        assertThat(sent.getState()).isEqualTo("bounces");
        assertThat(sent.getRecipients()).containsExactly(BOB);
        assertThat(attribute(sent, "delivery-error", String.class)).contains("550 5.1.1 mx.example.org said: 550 5.1.1 who?");
        assertThat(attribute(sent, "delivery-error-code", Integer.class)).contains(550);
        assertThat(attribute(sent, "is-delivery-permanent-error", Boolean.class)).contains(true);
    }

    @Test
    void mailGivenUpAfterTheLastRetryShouldStayATemporaryFailure() throws Exception {
        bounceAll(new FailureNotice(context, Optional.of("bounces")), mail(), Map.of(BOB, BUSY.givenUp()));

        FakeMailContext.SentMail sent = context.getSentMails().getFirst();
        assertThat(attribute(sent, "delivery-error", String.class)).hasValueSatisfying(
            error -> assertThat(error).startsWith("451 4.2.1 given up after the last retry"));
        assertThat(attribute(sent, "delivery-error-code", Integer.class)).contains(451);
        assertThat(attribute(sent, "is-delivery-permanent-error", Boolean.class)).contains(false);
    }

    @Test
    void bounceProcessorShouldGetMailsOfTheNullSenderToo() throws Exception {
        Mail fromNobody = FakeMail.builder().name("mail").recipient(BOB).mimeMessage(TestDelivery.message()).build();

        bounceAll(new FailureNotice(context, Optional.of("bounces")), fromNobody, Map.of(BOB, UNKNOWN));
        bounceAll(new FailureNotice(context, Optional.empty()), fromNobody, Map.of(BOB, UNKNOWN));

        assertThat(context.getSentMails()).hasSize(1);
        assertThat(context.getBouncedMails()).isEmpty();
    }

    @Test
    void senderWhoWantsNoNewsShouldGetNone() throws Exception {
        Mail mail = mail();
        mail.setDsnParameters(DsnParameters.builder()
            .addRcptParameter(BOB, RecipientDsnParameters.of(EnumSet.of(Notify.NEVER))).build().get());

        bounceAll(new FailureNotice(context, Optional.empty()), mail, Map.of(BOB, UNKNOWN, address("carol@example.org"), UNKNOWN));

        assertThat(context.getBouncedMails()).singleElement().satisfies(
            bounced -> assertThat(bounced.getMessage()).contains("carol@example.org").doesNotContain("bob@example.org"));
    }

    @Test
    void bounceProcessorShouldBeToldToReturnHeadersOnlyOfProtectedMail() throws Exception {
        Mail mail = mail();
        mail.setAttribute(new Attribute(OutboundMail.Attributes.REQUIRETLS, AttributeValue.of(true)));
        mail.setDsnParameters(DsnParameters.builder().ret(DsnParameters.Ret.FULL).envId(DsnParameters.EnvId.of("7")).build().get());

        bounceAll(new FailureNotice(context, Optional.of("bounces")), mail, Map.of(BOB, UNKNOWN));

        FakeMailContext.SentMail sent = context.getSentMails().getFirst();
        assertThat(attribute(sent, "REQUIRETLS", Boolean.class)).contains(true);
        assertThat(attribute(sent, "dsn-ret", String.class)).contains("HDRS");
        assertThat(attribute(sent, "dsn-envid", String.class)).contains("7");
    }

    @Test
    void textBounceOfProtectedMailShouldBeProtectedAndHaveNoBody() throws Exception {
        Mail mail = mail();
        mail.setAttribute(new Attribute(OutboundMail.Attributes.REQUIRETLS, AttributeValue.of(true)));

        bounceAll(new FailureNotice(context, Optional.empty()), mail, Map.of(BOB, UNKNOWN));

        assertThat(context.getBouncedMails()).isEmpty();
        FakeMailContext.SentMail sent = context.getSentMails().getFirst();
        assertThat(sent.getSender()).isNull();
        assertThat(sent.getRecipients()).containsExactly(MailAddressFixture.SENDER);
        assertThat(attribute(sent, "REQUIRETLS", Boolean.class)).contains(true);
        MimeMultipart parts = (MimeMultipart) sent.getMsg().getContent();
        assertThat((String) parts.getBodyPart(0).getContent()).contains("550 5.1.1").contains("bob@example.org");
        assertThat(parts.getBodyPart(1).isMimeType("text/rfc822-headers")).isTrue();
        assertThat(new String(parts.getBodyPart(1).getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
            .contains("Subject: hi").doesNotContain("hello");
    }

    @Test
    void oneAttemptShouldBeOneBounceWhateverTheServerSaysOfEachRecipient() throws Exception {
        Map<MailAddress, Failure> failed = new HashMap<>();
        for (int i = 0; i < 300; i++) {
            failed.put(address("u" + i + "@example.org"), new Failure(550, "5.1." + i % 9, "mx said: no u" + i));
        }

        bounceAll(new FailureNotice(context, Optional.empty()), mail(), failed);
        assertThat(context.getBouncedMails()).singleElement().satisfies(bounced ->
            assertThat(bounced.getMessage()).contains("u0@example.org", "u299@example.org", "no u299").hasSizeLessThan(70_000));

        bounceAll(new FailureNotice(context, Optional.of("bounces")), mail(), failed);
        assertThat(context.getSentMails()).hasSize(5);
        assertThat(context.getSentMails().stream().mapToInt(sent -> sent.getRecipients().size()).sum()).isEqualTo(300);
    }

    @Test
    void bounceProcessorShouldGetOneMailForEachStatus() throws Exception {
        bounceAll(new FailureNotice(context, Optional.of("bounces")), mail(), Map.of(BOB, UNKNOWN,
            address("carol@example.org"), new Failure(550, "5.1.1", "another text"), address("dave@example.org"), BUSY));

        assertThat(context.getSentMails()).extracting(sent -> sent.getRecipients().size()).containsExactlyInAnyOrder(2, 1);
    }

    private static <T> Optional<T> attribute(FakeMailContext.SentMail sent, String name, Class<T> type) {
        return Optional.ofNullable(sent.getAttributes().get(AttributeName.of(name))).map(Attribute::getValue)
            .map(AttributeValue::value).map(type::cast);
    }

    private static FakeMail mail() throws Exception {
        return FakeMail.builder().name("mail").sender(MailAddressFixture.SENDER).recipient(BOB)
            .state(Mail.TRANSPORT).mimeMessage(TestDelivery.message()).build();
    }

    private static MailAddress address(String text) {
        try {
            return new MailAddress(text);
        } catch (jakarta.mail.internet.AddressException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static void bounceAll(FailureNotice notice, Mail mail, Map<MailAddress, Failure> failed) throws MessagingException {
        for (FailureNotice.Bounce bounce : notice.bounces(failed)) {
            notice.bounce(mail, bounce);
        }
    }
}
