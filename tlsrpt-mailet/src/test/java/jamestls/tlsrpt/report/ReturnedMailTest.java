package jamestls.tlsrpt.report;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.sts;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.ReportPeriod;
import jamestls.tlsrpt.store.TallyKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReturnedMailTest {

    private static final MailIds IDS = new MailIds("a secret of thirty-two octets...".getBytes(StandardCharsets.US_ASCII));
    private static final String ID = "20260301.rcpt.example@sender.example";
    private static final String STATUS = """
        Reporting-MTA: dns; mx.rcpt.example
        X-Postfix-Queue-ID: 4B1C2
        Arrival-Date: Mon,  2 Mar 2026 00:10:01 +0000 (UTC)

        Final-Recipient: rfc822; forwarded@elsewhere.example
        Original-Recipient: rfc822;tls@rcpt.example
        Action: failed
        Status: 5.1.1
        Remote-MTA: dns; mx.elsewhere.example
        Diagnostic-Code: smtp; 550 5.1.1 <forwarded@elsewhere.example>: Recipient
            address rejected: User unknown
        """;

    private final String mail = new String(ReportMail.write(file(), "tls@rcpt.example", NOON, IDS), StandardCharsets.US_ASCII);

    @Test
    void notificationOfPostfixShouldBeParsed() {
        assertThat(returned(notification("message/rfc822", mail, STATUS))).isEqualTo(new ReturnedMail(ID, "tls@rcpt.example", true,
            "5.1.1 smtp; 550 5.1.1 <forwarded@elsewhere.example>: Recipient address rejected: User unknown"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/rfc822-headers", "message/rfc822", "message/global", "message/global-headers",
        "TEXT/RFC822-Headers; charset=us-ascii"})
    void returnedHeadersShouldBeEnough(String type) {
        String header = mail.substring(0, mail.indexOf("\r\n\r\n") + 2);

        assertThat(returned(notification(type, header, STATUS))).extracting(ReturnedMail::reportId).isEqualTo(ID);
    }

    @Test
    void globalStatusShouldBeParsedAndOtherPartsAreNone() {
        // RFC 6533 §3
        String global = notification("message/rfc822", mail, STATUS).replace("message/delivery-status", "message/global-delivery-status");
        assertThat(returned(global).why()).startsWith("5.1.1");

        String words = notification("message/rfc822", mail, STATUS).replace("I'm sorry.", "Action: failed\r\nStatus: 5.9.9");
        assertThat(returned(words).why()).as("what the text says").startsWith("5.1.1");
    }

    @Test
    void truncatedMailShouldBeParsed() {
        String large = notification("message/rfc822", mail.replace("\r\n--=_", "\r\n" + "x".repeat(500_000) + "\r\n--=_"), STATUS);
        byte[] head = Arrays.copyOf(large.getBytes(StandardCharsets.US_ASCII), ReturnedMail.MAX);

        assertThat(ReturnedMail.of(head, IDS)).isPresent();
    }

    @Test
    void failureAmongOtherRecipientsShouldBeFound() {
        String two = STATUS.replace("Final-Recipient", "Final-Recipient: rfc822; first@x.example\nAction: relayed\nStatus: 2.0.0\n\n"
            + "Final-Recipient");

        assertThat(returned(notification("message/rfc822", mail, two)).why()).startsWith("5.1.1");
    }

    @Test
    void temporaryFailureShouldNotBeFinal() {
        assertThat(returned(notification("message/rfc822", mail, STATUS.replace("Status: 5.1.1", "Status: 4.4.7"))).isFinal()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"delayed", "delivered", "relayed", "expanded", ""})
    void otherActionsThanFailedShouldBeIgnored(String action) {
        assertNone(notification("message/rfc822", mail, STATUS.replace("Action: failed", "Action: " + action)));
    }

    @Test
    void forgedNotificationShouldBeIgnored() {
        MailIds others = new MailIds(new byte[32]);
        String another = new String(ReportMail.write(file(), "tls@rcpt.example", NOON, others), StandardCharsets.US_ASCII);
        assertNone(notification("message/rfc822", another, STATUS));
        // the recipient of one report must not affect other reports or addresses
        assertNone(notification("message/rfc822", mail.replace("To: <tls@rcpt.example>", "To: <tls@victim.example>"), STATUS));
        assertNone(notification("message/rfc822", mail.replace("20260301.rcpt", "20260301.victim"), STATUS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "Content-Type: multipart/report", "Content-Type: multipart/report; boundary=x\n\n--x\n\n--x--",
        "Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\nAction: failed\n--x",
        "Content-Type: multipart/report; boundary=\"\"\n\n--\n--\n", "Subject: Undelivered Mail Returned to Sender\n\nsorry"})
    void otherMailShouldBeIgnored(String text) {
        assertNone(text);
    }

    private static ReturnedMail returned(String notification) {
        return ReturnedMail.of(notification.getBytes(StandardCharsets.US_ASCII), IDS).orElseThrow();
    }

    private static void assertNone(String notification) {
        assertThat(ReturnedMail.of(notification.getBytes(StandardCharsets.US_ASCII), IDS)).isEmpty();
    }

    private static String notification(String type, String ours, String status) {
        return """
            Return-Path: <>
            From: MAILER-DAEMON@mx.rcpt.example (Mail Delivery System)
            To: reports@sender.example
            Subject: Undelivered Mail Returned to Sender
            Content-Type: multipart/report; report-type=delivery-status;
            \tboundary="4B1C2.1772410201/mx.rcpt.example"

            This is a MIME-encapsulated message.

            --4B1C2.1772410201/mx.rcpt.example
            Content-Type: text/plain; charset=us-ascii

            I'm sorry.

            --4B1C2.1772410201/mx.rcpt.example
            Content-Description: Delivery report
            Content-Type: message/delivery-status

            %s
            --4B1C2.1772410201/mx.rcpt.example
            Content-Type: %s

            %s
            --4B1C2.1772410201/mx.rcpt.example--
            """.formatted(status, type, ours).replace("\r\n", "\n").replace("\n", "\r\n");
    }

    private static ReportFile file() {
        DomainTally tally = new DomainTally(new TallyKey(DAY, RCPT), new ReportPeriod(1, NOON), NOON, 1, 0,
            List.of(new PolicyTally(sts(), 1, 0, Map.of())));
        return ((ReportFile.Ready) ReportFile.write(new TlsReport(REPORTER, tally))).files().getFirst();
    }
}
