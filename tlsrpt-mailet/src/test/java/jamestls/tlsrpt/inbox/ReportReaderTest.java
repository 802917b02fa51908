package jamestls.tlsrpt.inbox;

import static jamestls.tlsrpt.inbox.IncomingMail.base64;
import static jamestls.tlsrpt.inbox.IncomingMail.detail;
import static jamestls.tlsrpt.inbox.IncomingMail.gzip;
import static jamestls.tlsrpt.inbox.IncomingMail.json;
import static jamestls.tlsrpt.inbox.IncomingMail.mail;
import static jamestls.tlsrpt.inbox.IncomingMail.many;
import static jamestls.tlsrpt.inbox.IncomingMail.multipart;
import static jamestls.tlsrpt.inbox.IncomingMail.policy;
import static jamestls.tlsrpt.inbox.IncomingMail.signed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import jamestls.dns.Dns;
import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.inbox.ReceivedReport.Element;
import jamestls.tlsrpt.inbox.ReceivedReport.Failure;
import jamestls.tlsrpt.inbox.ReceivedReport.Sender;
import jamestls.tlsrpt.inbox.ReceivedReport.Trust;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ReportReaderTest {

    private static final String SENDER = "reporter.example";
    private static final String DAY = "2026-03-01";
    private static final String GOOD = json("1@reporter.example", DAY, "own.example", 90, 10,
        detail("certificate-expired", "mx2.own.example", 10));
    private static final String RANGE = "\"date-range\":{\"start-datetime\":\"2026-03-01T00:00:00Z\","
        + "\"end-datetime\":\"2026-03-01T23:59:59Z\"}";

    private final ReportReader reader = IncomingMail.reader(SENDER);

    @Test
    void signedReportOfTheRfcShouldBeReadWithoutNotes() throws Unreadable {
        ReceivedReport report = reader.read(signed(mail(SENDER, GOOD), SENDER));

        assertThat(report.sender()).isEqualTo(new Sender(Trust.VERIFIED, DomainName.of(SENDER)));
        assertThat(report.notes()).isEmpty();
        assertThat(report.head().start()).isEqualTo(Instant.parse("2026-03-01T00:00:00Z"));
        assertThat(report.head().reportId()).isEqualTo("1@reporter.example");
        assertThat(report.elements()).containsExactly(new Element(DomainName.of("own.example"), DomainName.of("own.example"),
            PolicyType.STS, 90, 10, List.of(new Failure("certificate-expired", "mx2.own.example", "198.51.100.1", "192.0.2.1", "", 10))));
    }

    static Stream<Arguments> forms() {
        String gz = base64(gzip(GOOD));
        return Stream.of(
            Arguments.of("plain JSON", mail(SENDER, List.of("Content-Type: application/tlsrpt+json"), GOOD), ""),
            Arguments.of("gzip as octet-stream with a name", mail(SENDER,
                List.of("Content-Type: application/octet-stream; name=\"r.json.gz\"", "Content-Transfer-Encoding: base64"), gz),
                "the part's type is neither"),
            Arguments.of("gzip without a name", mail(SENDER, List.of("Content-Type: application/gzip",
                "Content-Transfer-Encoding: base64"), gz), "the part's type is neither"),
            Arguments.of("type of gzip, content of JSON", mail(SENDER, List.of("Content-Type: application/tlsrpt+gzip"), GOOD),
                "the part's type does not match its content"),
            Arguments.of("type of JSON, content of gzip", mail(SENDER, List.of("Content-Type: application/tlsrpt+json",
                "Content-Transfer-Encoding: base64"), gz), "the part's type does not match its content"),
            Arguments.of("quoted-printable", mail(SENDER, List.of("Content-Type: application/json; name=r.json",
                "Content-Transfer-Encoding: quoted-printable"), GOOD.replace("=", "=3D").replace(",\"policies", ",=\r\n\"policies")),
                "the part's type is neither"),
            Arguments.of("multipart/mixed", multipart(SENDER, "multipart/mixed", "--b\r\nContent-Type: application/tlsrpt+gzip\r\n"
                + "Content-Transfer-Encoding: base64\r\n\r\n" + gz + "\r\n--b--\r\n"), "Content-Type is not multipart/report"),
            Arguments.of("nested", multipart(SENDER, "multipart/mixed", "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n"
                + "Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + gz + "\r\n--c--\r\n--b--\r\n"),
                "Content-Type is not multipart/report"),
            Arguments.of("bare attachment", ("From: tls@reporter.example\r\nContent-Type: application/gzip\r\n"
                + "Content-Transfer-Encoding: base64\r\n\r\n" + gz).getBytes(StandardCharsets.UTF_8), "there is no TLS-Report-Domain"),
            Arguments.of("bare JSON", ("From: tls@reporter.example\r\nContent-Type: text/plain\r\n\r\n" + GOOD)
                .getBytes(StandardCharsets.UTF_8), "there is no TLS-Report-Domain"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("forms")
    void otherFormsShouldBeReadAndNoted(String name, byte[] mail, String note) throws Unreadable {
        ReceivedReport report = reader.read(mail);

        assertThat(report.elements()).extracting(Element::successes).containsExactly(90L);
        assertThat(report.sender().trust()).isEqualTo(Trust.UNVERIFIED);
        assertThat(String.join("\n", report.notes())).contains(note, "not verified: unsigned");
    }

    /** Equivalents of what large senders write. */
    static Stream<Arguments> quirks() {
        return Stream.of(
            // Microsoft: no mx-host; TLSA records as JSON in one text; id that ends in "+"
            Arguments.of("sts without mx-host", report("\"contact-info\":\"t@reporter.example\",\"report-id\":\"1339+\"",
                policy("sts", "own.example", 2, 0).replaceAll("\"mx-host\":\\[[^]]*],", "")), 2, "mx-host is missing"),
            Arguments.of("nested policy-string", report("\"contact-info\":\"t@reporter.example\",\"report-id\":\"1\"",
                policy("tlsa", "own.example", 2, 0).replaceAll("\\[\"(3 1 1 [^\"]*)\"]", "[\"[\\\\\"$1\\\\\"]\"]")), 2,
                "policy-string is not valid"),
            Arguments.of("fetch error without hosts", report("\"contact-info\":\"t@reporter.example\",\"report-id\":\"1\"",
                "{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"own.example\"},\"summary\":{\"total-successful-session-count\":0,"
                    + "\"total-failure-session-count\":3},\"failure-details\":[{\"result-type\":\"sts-policy-fetch-error\","
                    + "\"failed-session-count\":3}]}"), 0, ""),
            // Stalwart: null contact; mx-host with its key
            Arguments.of("null contact", report("\"contact-info\":null,\"report-id\":\"123_456\"",
                policy("sts", "own.example", 1, 0).replace("[\"*.own", "[\"mx: *.own")), 1, "contact-info is not valid"),
            Arguments.of("no contact and no id", report("\"x\":1", policy("sts", "own.example", 1, 0)), 1, "report-id is missing"),
            // Google: no policy found
            Arguments.of("no policy", report("\"contact-info\":\"t@reporter.example\",\"report-id\":\"2026-03-01T00:00:00Z_own.example\"",
                policy("no-policy-found", "own.example", 7, 0)), 7, ""),
            Arguments.of("no policy-domain", report("\"contact-info\":\"t@reporter.example\",\"report-id\":\"1\"",
                policy("no-policy-found", "own.example", 7, 0).replaceFirst(",?\"policy-domain\":\"own.example\"", "")), 7,
                "policy-domain is missing"),
            Arguments.of("unknown policy type beside a known one", report("\"contact-info\":\"t@reporter.example\",\"report-id\":\"1\"",
                policy("invalid-type", "own.example", 5, 0) + "," + policy("sts", "own.example", 8, 0)), 8,
                "a policy of unknown type is not counted"),
            Arguments.of("times without offset", GOOD.replace("00Z", "00").replace("59Z", "59"), 90, "start-datetime is not valid"),
            Arguments.of("end at midnight", GOOD.replace("2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z"), 90, ""),
            Arguments.of("no failure count", GOOD.replaceFirst(",\"total-failure-session-count\":10", ""), 90,
                "total-failure-session-count is missing"),
            Arguments.of("wrong offset of a URI", GOOD.replace("\"failed-session-count\":10",
                "\"failed-session-count\":10,\"additional-information\":\"https://x.example/a ? id = 5\""), 90,
                "additional-information is not valid"));
    }

    private static String report(String head, String policies) {
        return "{\"organization-name\":\"R\"," + RANGE + "," + head + ",\"policies\":[" + policies + "]}";
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("quirks")
    void quirksOfRealSendersShouldBeReadAndNoted(String name, String json, long successes, String note) throws Unreadable {
        ReceivedReport report = reader.read(signed(mail(SENDER, json), SENDER));

        assertThat(report.elements()).singleElement().satisfies(element -> assertThat(element.successes()).isEqualTo(successes));
        assertThat(report.head().reportId()).isNotEmpty();
        assertThat(report.sender().trust()).isEqualTo(Trust.VERIFIED);
        if (note.isEmpty()) {
            assertThat(report.notes()).isEmpty();
        } else {
            assertThat(report.notes()).contains(note);
        }
    }

    static Stream<Arguments> hostile() {
        String open = "{\"organization-name\":\"R\"," + RANGE + ",\"report-id\":\"1\",\"policies\":[";
        String small = policy("sts", "own.example", 1, 0);
        StringBuilder nested = new StringBuilder(GOOD.substring(0, GOOD.length() - 1)).append(",\"x\":");
        nested.append("[".repeat(100_000)).append("]".repeat(100_000)).append("}");
        return Stream.of(
            Arguments.of("bomb", open + " ".repeat(200 << 20) + small + "]}", "inflates to more than 16777216 octets"),
            Arguments.of("deep JSON", nested.toString(), "nested more than 32 levels deep"),
            Arguments.of("many policies", open + many(1_001, ",", small) + "]}", "more than 1000 policies"),
            Arguments.of("many details", open + policy("sts", "own.example", 1, 1, many(10_001, ",", detail("x", "mx", 1))) + "]}",
                "more than 10000 failure details"),
            Arguments.of("many values", open + "[" + many(400_000, ",", "[]") + "]]}", "more than 500000 names and values"),
            Arguments.of("long number", open + small.replace("\"total-successful-session-count\":1", "\"total-successful-session-count\":1"
                + "0".repeat(500)) + "]}", "a number of more than 100 digits"),
            Arguments.of("not JSON", "{\"organization-name\":", "not JSON, line 1, column 22"),
            Arguments.of("no object", "[1]", "the report is not an object"),
            Arguments.of("empty object", "{}", "date-range is missing or not valid"),
            Arguments.of("other domain", GOOD.replace("\"own.example\"", "\"other.example\""),
                "it is about other.example, which is not in ownDomains"),
            Arguments.of("no policies", open + "]}", "it has no policy that can be counted"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostile")
    void hostileReportShouldBeRefusedFast(String name, String json, String reason) {
        byte[] mail = mail(SENDER, json);
        Assertions.assertTimeout(Duration.ofSeconds(20), () ->
            assertThatThrownBy(() -> reader.read(mail)).isInstanceOf(Unreadable.class).hasMessageContaining(reason));
    }

    static Stream<Arguments> oddMails() {
        String deep = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n";
        return Stream.of(
            Arguments.of("empty", "", "there is no part"),
            Arguments.of("text only", "From: a@b.example\r\n\r\nhello\r\n", "there is no part"),
            Arguments.of("deep MIME", "From: a@b.example\r\n" + deep.repeat(10_000), "there is no part"),
            Arguments.of("many parts", "From: a@b.example\r\n" + deep + "x\r\n--b\r\n".repeat(100_000), "there is no part"),
            Arguments.of("many folded lines", "Subject: x\r\n" + " y\r\n".repeat(500_000) + "\r\n", "there is no part"),
            Arguments.of("long parameters", "From: a@b.example\r\nContent-Type: x; " + "name=\"".repeat(200_000) + "\r\n\r\n{",
                "not JSON"),
            Arguments.of("damaged base64", "From: a@b.example\r\nContent-Type: application/tlsrpt+gzip\r\n"
                + "Content-Transfer-Encoding: base64\r\n\r\nH4sIA=A=A\r\n", "base64"),
            Arguments.of("damaged gzip", "From: a@b.example\r\nContent-Type: application/tlsrpt+gzip\r\n"
                + "Content-Transfer-Encoding: base64\r\n\r\nH4sIAAAAAAAA\r\n", "gzip"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("oddMails")
    void oddMailShouldBeRefusedFast(String name, String mail, String reason) {
        Assertions.assertTimeout(Duration.ofSeconds(20), () ->
            assertThatThrownBy(() -> reader.read(mail.getBytes(StandardCharsets.UTF_8))).isInstanceOf(Unreadable.class)
                .hasMessageContaining(reason));
    }

    @Test
    void longTextsShouldBeCutAndNeverOverflowTheStack() throws Unreadable {
        String json = GOOD.replace("\"tls@reporter.example\"", "\"" + "\\\\a".repeat(300_000) + "@x.example\"")
            .replace("\"Reporter\"", "\"" + "<script>\\u001b[31m\\u0000".repeat(10_000) + "\"")
            .replace("mx2.own.example", "<script>alert(1)</script>\\n")
            .replace("certificate-expired", "<b>x</b>");

        ReceivedReport report = reader.read(signed(mail(SENDER, json), SENDER));

        assertThat(report.head().organization()).startsWith("<script>?[31m?").hasSize(255);
        assertThat(report.head().contact()).hasSizeLessThanOrEqualTo(255);
        assertThat(report.elements().getFirst().details()).extracting(Failure::type, Failure::mxHost)
            .containsExactly(tuple("unknown", "<script>alert(1)</script>"));
        assertThat(report.notes()).allSatisfy(note -> assertThat(note).matches("[\\x20-\\x7e]{1,200}"));
    }

    @Test
    void hugeCountsShouldBeBounded() throws Unreadable {
        ReceivedReport report = reader.read(mail(SENDER, json("1", DAY, "own.example", Long.MAX_VALUE, -5)));

        assertThat(report.elements()).singleElement().satisfies(element -> {
            assertThat(element.successes()).isEqualTo(ReceivedReport.MAX_SESSIONS);
            assertThat(element.failures()).isZero();
        });
    }

    @Test
    void signatureOfTheAuthorsDomainOrOneAboveItShouldBeTrusted() throws Unreadable {
        assertThat(trust(signed(mail(SENDER, GOOD), SENDER))).isEqualTo(Trust.VERIFIED);
        ReceivedReport below = reader.read(signed(mail("mail." + SENDER, GOOD), SENDER));
        assertThat(below.sender()).isEqualTo(new Sender(Trust.VERIFIED, DomainName.of(SENDER)));
    }

    @Test
    void otherSignaturesShouldNotBeTrusted() throws Unreadable {
        ReportReader knowing = IncomingMail.reader(SENDER, "other.example", "example", "below.reporter.example");
        byte[] mail = mail(SENDER, GOOD);

        assertThat(knowing.read(signed(mail, "other.example")).notes()).contains("not verified: other-domain");
        assertThat(knowing.read(signed(mail, "below.reporter.example")).notes()).contains("not verified: other-domain");
        assertThat(knowing.read(signed(mail, "example")).notes()).as("a top-level domain").contains("not verified: other-domain");
        assertThat(IncomingMail.reader().read(signed(mail, SENDER)).notes()).contains("not verified: no-key");
        byte[] changed = new String(signed(mail, SENDER), StandardCharsets.UTF_8).replace("This is", "That is")
            .getBytes(StandardCharsets.UTF_8);
        assertThat(knowing.read(changed).notes()).contains("not verified: changed");
        byte[] twoAuthors = new String(signed(mail, SENDER), StandardCharsets.UTF_8).replace("To: ", "From: x@y.example\r\nTo: ")
            .getBytes(StandardCharsets.UTF_8);
        assertThat(knowing.read(twoAuthors).notes()).contains("not verified: there is not exactly one author");
    }

    @Test
    void slowKeyServerShouldNotHoldTheMail() throws Unreadable {
        CountDownLatch never = new CountDownLatch(1);
        Dns slow = (Dns) Proxy.newProxyInstance(Dns.class.getClassLoader(), new Class<?>[] {Dns.class}, (self, method, arguments) -> {
            never.await();
            return null;
        });
        ReportReader patient = new ReportReader(IncomingMail.OWN_DOMAINS, new DkimVerifier(slow), Duration.ofMillis(50));

        ReceivedReport report = patient.read(signed(mail(SENDER, GOOD), SENDER));
        assertThat(report.sender().trust()).isEqualTo(Trust.UNVERIFIED);
        assertThat(report.notes()).contains("not verified: the key was not found within PT0.05S");
    }

    @Test
    void unsignedReportFieldsShouldBeNotedOnly() throws Unreadable {
        ReceivedReport report = reader.read(signed(mail(SENDER, GOOD), SENDER, "from:to:subject"));

        assertThat(report.sender().trust()).isEqualTo(Trust.VERIFIED);
        assertThat(report.notes()).containsExactly("the signature does not cover tls-report-domain and tls-report-submitter");
    }

    @Test
    void mxHostsBelowADomainShouldCountForItUnlessTheReportIsAboutThemOnly() throws Unreadable {
        String both = report("\"contact-info\":\"t@reporter.example\",\"report-id\":\"1\"",
            policy("sts", "own.example", 10, 1) + "," + policy("tlsa", "mx1.own.example", 8, 3));
        Map<DomainName, DomainSums> sums = DomainSums.of(reader.read(mail(SENDER, both)).elements());
        assertThat(sums).containsOnlyKeys(DomainName.of("own.example"));
        // the same sessions under two policies
        assertThat(sums.values().iterator().next().sessions()).isEqualTo(11);
        assertThat(sums.values().iterator().next().failed()).isEqualTo(3);

        String host = both.replace(policy("sts", "own.example", 10, 1) + ",", "");
        assertThat(DomainSums.of(reader.read(mail(SENDER, host)).elements())).containsOnlyKeys(DomainName.of("mx1.own.example"));
    }

    private Trust trust(byte[] mail) throws Unreadable {
        return reader.read(mail).sender().trust();
    }
}
