package jamestls.tlsrpt.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.dns.DomainName;
import jamestls.rua.Address;
import jamestls.tlsrpt.report.ReportMail.Subject;
import jamestls.tlsrpt.report.TlsReport.Slice;
import jamestls.tlsrpt.store.TallyKey;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses, file names, report-ids and the parts of a mail, at their bounds. */
class ReportNamesTest {

    private static final DomainName SENDER = DomainName.of("sender.example");
    private static final DomainName RECIPIENT = DomainName.of("rcpt.example");

    @Test
    void addressShouldBeWithinTheBoundsOfRfc5321() {
        String local = "a".repeat(64);
        String domain = "b".repeat(61) + "." + "c".repeat(63) + "." + "d".repeat(63);

        assertThat(Address.canonical("a@b.example")).contains("a@b.example");
        assertThat(Address.canonical("@b.example")).isEmpty();
        assertThat(Address.canonical("b.example")).isEmpty();
        assertThat(Address.canonical(local + "@" + domain)).as("254 octets").contains(local + "@" + domain);
        assertThat(Address.canonical(local + "@b" + domain)).as("255 octets").isEmpty();
        assertThat(Address.canonical(local + "a@b.example")).as("65 octets before the @").isEmpty();
        assertThat(Address.domainOf("\"a@b\"@b.example")).isEqualTo(DomainName.of("b.example"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"ab\"@B.Example | ab@b.example",
        "\"a\\b\"@b.example | ab@b.example",
        "\"a b\"@b.example | \"a b\"@b.example",
        "\"a\\\"b\"@b.example | \"a\\\"b\"@b.example",
        "\"a\\\\b\"@b.example | \"a\\\\b\"@b.example"})
    void mailboxShouldHaveOneSpelling(String written, String canonical) {
        assertThat(Address.canonical(written)).contains(canonical);
    }

    @Test
    void fileNameShouldBeReadAsItIsWritten() {
        ReportName name = new ReportName(SENDER, RECIPIENT, 1_772_323_200L, 1_772_409_599L, Optional.of("k3f9a0b2c1"));

        assertThat(ReportName.parse(name.gzipped())).contains(name);
        assertThat(ReportName.parse(name.gzipped().replace(".gz", ""))).contains(name);
        assertThat(ReportName.parse("SENDER.example!rcpt.example!5!5.json"))
            .contains(new ReportName(SENDER, RECIPIENT, 5, 5, Optional.empty()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"sender.example!rcpt.example!6!5.json", "sender.example!rcpt.example!5.json", "a..b!rcpt.example!5!6.json",
        "sender.example!a..b!5!6.json", "sender.example!b\u00fc.example!5!6.json", "b\u00fc.example!rcpt.example!5!6.json",
        "sender.example!rcpt.example!5!6!a-b.json", "sender.example!rcpt.example!5!6.json.zip", "../x!rcpt.example!5!6.json"})
    void otherFileNamesShouldBeNone(String name) {
        assertThat(ReportName.parse(name)).isEmpty();
    }

    @Test
    void uniqueIdShouldBeLettersAndDigits() {
        assertThatThrownBy(() -> new ReportName(SENDER, RECIPIENT, 5, 6, Optional.of("a!b"))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void subjectShouldBeReadAsItIsWritten() {
        Subject subject = new Subject(RECIPIENT, SENDER, "20260301.rcpt.example@sender.example");

        assertThat(Subject.parse(subject.folded())).contains(subject);
        assertThat(Subject.parse(subject.folded().replace("rcpt.example\r\n", "b\u00fc.example\r\n"))).isEmpty();
        assertThat(Subject.parse(subject.folded().replace("Submitter: sender", "Submitter: s\u00fc"))).isEmpty();
        assertThat(Subject.parse(subject.folded().replace("Report Domain", "report domain"))).as("case counts").isEmpty();
    }

    @Test
    void reportIdShouldLeadBackToItsCounts() {
        TallyKey key = new TallyKey(LocalDate.of(2026, 3, 1), RECIPIENT);

        assertThat(ReportId.keysOf("20260301_k3f9a0b2c1-2_1of2.rcpt.example@sender.example"))
            .containsExactly(key, new TallyKey(key.day(), RECIPIENT, Optional.of(SENDER)));
        assertThat(ReportId.keysOf("20261301.rcpt.example@sender.example")).as("no such day").isEmpty();
        assertThat(ReportId.keysOf("20260301.a..b@sender.example")).isEmpty();
        assertThat(ReportId.keysOf("20260301@sender.example")).isEmpty();
    }

    @Test
    void sliceShouldBeOneOfSome() {
        assertThat(new Slice(2, 2).isWhole()).isFalse();
        assertThat(Slice.WHOLE.isWhole()).isTrue();
        assertThatThrownBy(() -> new Slice(0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Slice(3, 2)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void messageIdShouldBeThatOfReportAddressAndSecret() {
        MailIds ids = new MailIds("secret".getBytes(StandardCharsets.US_ASCII));
        String id = ids.of("report", "a@b.example");

        assertThat(id).matches("[0-9a-f]{32}");
        assertThat(ids.matches(id, "report", "a@b.example")).isTrue();
        assertThat(ids.matches(id, "other", "a@b.example")).isFalse();
        assertThat(ids.matches(id, "report", "c@b.example")).isFalse();
        assertThat(new MailIds("another".getBytes(StandardCharsets.US_ASCII)).matches(id, "report", "a@b.example")).isFalse();
    }

    @Test
    void entityShouldBeHeaderAndBody() {
        MimeEntity entity = MimeEntity.of("Subject: a\r\n folded\r\nSUBJECT: again\r\n: nameless\r\nno field\r\n\r\nbody\r\n"
            .getBytes(StandardCharsets.US_ASCII));

        assertThat(entity.header("subject")).isEqualTo("a folded");
        assertThat(entity.repeated()).containsExactly("subject");
        assertThat(entity.headers()).containsOnlyKeys("subject");
        assertThat(entity.header("to")).isEmpty();
        assertThat(entity.body()).isEqualTo("body\n");
        assertThat(MimeEntity.of("\nbody").body()).as("no header").isEqualTo("body");
        assertThat(MimeEntity.of("Subject: a").body()).as("no body").isEmpty();
    }

    @Test
    void partsShouldBeThoseOfAMultipartAndTwentyAtMost() {
        String twentyFive = String.join("", IntStream.range(0, 25).mapToObj(i -> "--x \n\npart " + i + "\n").toList()) + "--x--\n";

        assertThat(MimeEntity.of("Content-Type: Multipart/Mixed; boundary=x\n\n" + twentyFive).parts()).hasSize(20)
            .first().satisfies(part -> assertThat(part.body()).isEqualTo("part 0"));
        assertThat(MimeEntity.of("Content-Type: multipart/mixed; boundary=\"x\"\n\npreamble\n--x\n\none\n--x--\n\nepilogue\n--x\n\ntwo\n")
            .parts()).extracting(MimeEntity::body).containsExactly("one");
        assertThat(MimeEntity.of("Content-Type: text/plain; boundary=x\n\n" + twentyFive).parts()).isEmpty();
        assertThat(MimeEntity.of("Content-Type: multipart/mixed\n\n" + twentyFive).parts()).isEmpty();
    }
}
