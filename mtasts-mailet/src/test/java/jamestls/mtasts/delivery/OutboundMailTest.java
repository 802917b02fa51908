package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.mail.internet.MimeMessage;
import jamestls.dns.DomainName;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.outcome.ReportMailListener;
import jamestls.smtp.Envelope.RequireTls;
import java.util.Arrays;
import java.util.List;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a sender asks of TLS (RFC 8689 §3, §4.1). */
class OutboundMailTest {

    @ParameterizedTest
    @ValueSource(strings = {"No", "no", "NO", " No "})
    void fieldThatSaysNoShouldWaiveTls(String value) throws Exception {
        assertThat(outbound(mail(value)).tlsRequest()).isEqualTo(SenderTlsRequest.WAIVED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Yes", "", "Not", "No; really", "No, No"})
    void fieldThatSaysAnythingElseShouldSayNothing(String value) throws Exception {
        assertThat(outbound(mail(value)).tlsRequest()).isEqualTo(SenderTlsRequest.AS_POLICY_SAYS);
    }

    @Test
    void mailWithoutTheFieldShouldGoAsThePolicySays() throws Exception {
        assertThat(outbound(mail()).tlsRequest()).isEqualTo(SenderTlsRequest.AS_POLICY_SAYS);
    }

    @Test
    void twoFieldsShouldSayNothing() throws Exception {
        assertThat(outbound(mail("No", "No")).tlsRequest()).isEqualTo(SenderTlsRequest.AS_POLICY_SAYS);
    }

    @ParameterizedTest
    @CsvSource({"true, REQUIRED, YES", "false, WAIVED, NO"})
    void attributeOfJamesShouldOutweighTheField(boolean required, SenderTlsRequest request, RequireTls keyword) throws Exception {
        for (FakeMail mail : List.of(mail(), mail("No"), mail("Yes"))) {
            mail.setAttribute(new Attribute(OutboundMail.Attributes.REQUIRETLS, AttributeValue.of(required)));

            assertThat(outbound(mail).tlsRequest()).isEqualTo(request);
            assertThat(outbound(mail).requests().requireTls()).isEqualTo(keyword);
        }
    }

    @Test
    void mailThatCarriesAReportShouldNotBeCounted() throws Exception {
        FakeMail report = mail();
        report.setAttribute(new Attribute(AttributeName.of(ReportMailListener.Attributes.REPORT), AttributeValue.of(true)));
        FakeMail other = mail();
        other.setAttribute(new Attribute(AttributeName.of(ReportMailListener.Attributes.REPORT), AttributeValue.of(false)));

        assertThat(outbound(report).handling().reporting()).isEqualTo(OutboundMail.Reporting.NOT_COUNTED);
        assertThat(outbound(other).handling().reporting()).isEqualTo(OutboundMail.Reporting.COUNTED);
        assertThat(outbound(mail()).handling().reporting()).isEqualTo(OutboundMail.Reporting.COUNTED);
    }

    private static OutboundMail outbound(FakeMail mail) throws Exception {
        return OutboundMail.of(mail, DomainName.of("example.org"), OutboundMail.Retry.YES, OutboundMail.Retry.NO);
    }

    private static FakeMail mail(String... fields) throws Exception {
        MimeMessage message = TestDelivery.message();
        for (String value : Arrays.asList(fields)) {
            message.addHeader("TLS-Required", value);
        }
        message.saveChanges();
        return FakeMail.builder().name("mail").sender(MailAddressFixture.SENDER).recipients("bob@example.org").mimeMessage(message).build();
    }
}
