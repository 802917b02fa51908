package jamestls.mtasts.cli;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.cli.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock("System.in")
class LintTest {

    private static final String GOOD =
        "version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

    @TempDir
    private Path directory;

    private String file(String text) throws IOException {
        return Files.writeString(directory.resolve("mta-sts.txt"), text).toString();
    }

    private Run lint(String policy, String... options) throws IOException {
        String[] arguments = new String[options.length + 2];
        arguments[0] = "lint";
        arguments[1] = file(policy);
        System.arraycopy(options, 0, arguments, 2, options.length);
        return Run.of(arguments);
    }

    @Test
    void validPolicyShouldBeSummedUp() throws IOException {
        Run run = lint(GOOD);

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEqualToNormalizingNewlines("""
            %s: valid
              mode enforce, max_age 604800 (7 days), mx mail.example.org, *.example.net
            """.formatted(file(GOOD)));
        assertThat(run.err()).isEmpty();
    }

    @Test
    void everyProblemShouldComeWithItsLineAndARemedy() throws IOException {
        String policy = "version: STSv2\nmode: enforced\nmx: 10 mail.example.org\nmx: *.*.example.org\nmax-age: 100\n\nnonsense\n";
        Run run = lint(policy);

        assertThat(run.exitCode()).isOne();
        assertThat(run.out()).isEqualToNormalizingNewlines("""
            %s: invalid
              line 1: version is not STSv1
                -> write version: STSv1, with just these capitals
              line 2: mode is not enforce, testing or none
                -> write mode: enforce, mode: testing or mode: none, in small letters
              line 3: mx is neither a host name in A-labels nor *. and one
                -> write one host per line: no preference, address or trailing dot, '*' as the whole first label only, A-labels
              line 4: mx is neither a host name in A-labels nor *. and one
                -> write one host per line: no preference, address or trailing dot, '*' as the whole first label only, A-labels
              line 6: an empty line
                -> delete the line
              line 7: no colon
                -> write each line as name: value, without comments
              no max_age
                -> add the line max_age: 604800
            advice
              line 5: senders ignore the unknown field 'max-age'
                -> did you mean max_age?
            """.formatted(file(policy)));
    }

    @Test
    void slipsThatAreToleratedShouldBeTold() throws IOException {
        Run run = lint("version: STSv1\nmode: enforce\nmx: mail.example.org\nmax_age: 99999999\n\n");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains(": valid", "max_age 31557600",
            "line 4: a max_age above a year (31557600): SecureRemoteDelivery accepts the policy, other senders may not",
            "line 5: a blank line after the last field: SecureRemoteDelivery accepts the policy, other senders may not");
    }

    @Test
    void maxAgeOfAYearShouldNeedNoTolerance() throws IOException {
        assertThat(lint("version: STSv1\nmode: enforce\nmx: mail.example.org\nmax_age: 31557600\n").out())
            .contains(": valid", "max_age 31557600").doesNotContain("advice");
    }

    @Test
    void policyThatIsValidAndUnwiseShouldBeAdvisedOn() throws IOException {
        Run run = lint("version: STSv1\nmode: testing\nmode: enforce\n"
            + "mx: mail.example.org\nmx: MAIL.example.org\nmx: *.com\nmax_age: 600\n");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains(": valid", "line 3: mode is there already, on line 2",
            "line 5: mx mail.example.org is there already",
            "line 6: mx *.com matches any host", "line 7: max_age of 600 seconds is short",
            "line 2: in mode testing failures are reported");
    }

    @Test
    void jsonShouldSayTheSame() throws IOException {
        String name = Json.of(file(GOOD));

        assertThat(lint(GOOD, "--json").out()).isEqualToNormalizingNewlines("""
            {
              "input": %s,
              "valid": true,
              "mode": "enforce",
              "maxAge": 604800,
              "mx": [
                "mail.example.org",
                "*.example.net"
              ],
              "problems": [],
              "advice": []
            }
            """.formatted(name));
        assertThat(lint("version: STSv1\nmode: none\n", "--json").out()).isEqualToNormalizingNewlines("""
            {
              "input": %s,
              "valid": false,
              "problems": [
                {
                  "text": "no max_age",
                  "remedy": "add the line max_age: 604800"
                }
              ],
              "advice": []
            }
            """.formatted(name));
    }

    @Test
    void policyShouldBeReadFromStandardInput() {
        InputStream terminal = System.in;
        System.setIn(new ByteArrayInputStream(GOOD.getBytes(StandardCharsets.US_ASCII)));
        try {
            assertThat(Run.of("lint", "-").out()).startsWith("standard input: valid");
        } finally {
            System.setIn(terminal);
        }
    }

    @Test
    void hostileFileShouldNotReachTheTerminal() throws IOException {
        assertThat(lint("\u001b[31mMODE: none\n").out()).doesNotContain("\u001b");
        assertThat(lint("x".repeat(70_000)).out()).contains("larger than 65536 bytes");
    }

    @Test
    void recordShouldBeJudgedAsSendersDo() {
        Run run = Run.of("lint", "--txt", "v=STSv1; id=20260101T000000;", "--json");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEqualToNormalizingNewlines("""
            {
              "input": "TXT",
              "valid": true,
              "id": "20260101T000000",
              "problems": []
            }
            """);
    }

    @Test
    void everyProblemOfARecordShouldBeNamed() {
        Run run = Run.of("lint", "--txt", "v=STSv1; id=2026-01-01; note=two words;; x");

        assertThat(run.exitCode()).isOne();
        assertThat(run.out()).isEqualToNormalizingNewlines("""
            TXT: invalid
              record 1: id is not 1 to 32 letters and digits
                -> no hyphens, dots, blanks or quotation marks in it
              record 1: field 2 is not name=value
                -> delete it, or write it without blanks
              record 1: two semicolons with nothing between them
                -> delete one
              record 1: field 4 is not name=value
                -> delete it, or write it without blanks
            """);
    }

    @Test
    void severalRecordsShouldBeOneTooMany() {
        Run run = Run.of("lint", "--txt", "v=STSv1; id=1;", "--txt", "v=STSv1; id=2;");

        assertThat(run.exitCode()).isOne();
        assertThat(run.out()).contains("2 records begin with v=STSv1", "delete all but one");
        assertThat(Run.of("lint", "--txt", "v=spf1 -all", "--txt", "v=STSv1; id=2;").exitCode()).isZero();
        assertThat(Run.of("lint", "--txt", "v=spf1 -all", "--txt", "v=STSv1; id=?;").out())
            .contains("record 2: id is not 1 to 32 letters and digits").doesNotContain("delete all but one");
    }

    @Test
    void recordWithQuotesOrOtherCapitalsShouldBeExplained() {
        assertThat(Run.of("lint", "--txt", "\"v=STSv1; id=1;\"").out()).contains("quotation mark");
        assertThat(Run.of("lint", "--txt", "v=stsv1; id=1;").out()).contains("with just these capitals");
        assertThat(Run.of("lint", "--txt", "v=STSv1; ID=1;").out()).contains("write id= in small letters");
        assertThat(Run.of("lint", "--txt", "v=STSv1;").out()).contains("no id");
    }

    @Test
    void wrongUsageAndUnreadableFilesShouldHaveCodesOfTheirOwn() {
        assertThat(Run.of("lint").exitCode()).isEqualTo(2);
        assertThat(Run.of("lint", "--nonsense").exitCode()).isEqualTo(2);
        assertThat(Run.of().exitCode()).isEqualTo(2);
        Run missing = Run.of("lint", directory.resolve("nowhere").toString());
        assertThat(missing.exitCode()).isEqualTo(3);
        assertThat(missing.err()).contains("can't read");
        assertThat(missing.out()).isEmpty();
    }

    @Test
    void versionAndHelpShouldBeAskedAsUsual() {
        assertThat(Run.of("--version").out()).startsWith("mtasts-mailet ");
        assertThat(Run.of("lint", "--version").out()).startsWith("mtasts-mailet ");
        assertThat(Run.of("help", "lint").out()).contains("Exit codes: 0 valid");
        assertThat(Run.of("lnt").err()).contains("Did you mean").contains("Try 'mtasts-mailet --help'.");
    }

    @Test
    void fileThatCanNotBeReadShouldBeSaidWhy() {
        assertThat(Run.of("lint", directory.resolve("nowhere").toString()).err()).contains("there is no such file")
            .doesNotContain("Exception");
        assertThat(Run.of("lint", directory.toString()).err()).contains("is a directory");
    }

    @Test
    void helpShouldHaveExamplesAndExitCodes() {
        assertThat(Run.of("--help").out()).contains("lint", "lookup", "Exit codes:", "Examples:");
        assertThat(Run.of("lint", "--help").out()).contains("Exit codes: 0 valid", "Examples:");
        assertThat(Run.of("lookup", "--help").out()).contains("Exit codes: 0 a policy", "Examples:");
    }
}
