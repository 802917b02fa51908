package jamestls.tlsrpt.dkim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import jamestls.fakeinternet.DnsServer;
import jamestls.tlsrpt.Samples;
import jamestls.tlsrpt.report.MailIds;
import jamestls.tlsrpt.report.ReportMail;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Verifies report mails that James's DKIMSign has signed with the verifiers that receivers use. A verifier that is not installed is
 * skipped; if the environment variable CI is true, the test fails. Debian: opendkim, libmail-dkim-perl, python3-dkim.
 */
class OtherVerifiersTest {

    private static final String KEY_NAME = "sel._domainkey.sender.example";
    private static final String TEMPLATE = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=sel; "
        + "h=from:to:subject:date:message-id:mime-version:content-type:tls-report-domain:tls-report-submitter; bh=; b=;";
    private static final String PERL = """
        use Mail::DKIM::Verifier; use Mail::DKIM::DNS; use Net::DNS::Resolver;
        Mail::DKIM::DNS::resolver(Net::DNS::Resolver->new(nameservers => ['127.0.0.1'], port => $ARGV[0]));
        my $verifier = Mail::DKIM::Verifier->new(); open my $mail, '<:raw', $ARGV[1];
        while (<$mail>) { s/\\r?\\n$//; $verifier->PRINT("$_\\r\\n"); }
        $verifier->CLOSE; print $verifier->result_detail;
        """;
    private static final String PYTHON = """
        import dkim, sys
        record = sys.argv[1].encode()
        print(dkim.verify(open(sys.argv[2], 'rb').read(), dnsfunc=lambda name, timeout=5: record))
        """;
    private static KeyPair key;

    private final DnsServer dns = DnsServer.start();
    @TempDir
    private Path directory;

    @BeforeAll
    static void key() {
        key = JdkimSignatures.rsaKey(2048);
    }

    @AfterEach
    void stop() {
        dns.close();
    }

    @Test
    void opendkimShouldPassTheRecordThatWePublishAndRefuseOneForReportsOnly() throws Exception {
        assumeInstalled("opendkim", "opendkim", "-V");

        assertThat(opendkim("v=DKIM1; k=rsa; p=")).contains("dkim=pass");
        assertThat(opendkim("v=DKIM1; k=rsa; s=email:tlsrpt; p=")).contains("dkim=pass");
        assertThat(opendkim("v=DKIM1; k=rsa; s=tlsrpt; p=")).contains("not an e-mail key");
    }

    @Test
    void mailDkimShouldPassTheRecordThatWePublishAndRefuseOneForReportsOnly() throws Exception {
        assumeInstalled("Mail::DKIM", "perl", "-MMail::DKIM::Verifier", "-e", "1");

        assertThat(mailDkim("v=DKIM1; k=rsa; p=")).isEqualTo("pass");
        assertThat(mailDkim("v=DKIM1; k=rsa; s=email:tlsrpt; p=")).isEqualTo("pass");
        assertThat(mailDkim("v=DKIM1; k=rsa; s=tlsrpt; p=")).contains("does not support email");
    }

    /** dkimpy 1.1.4 compares the whole value of s=, so that a list of services fails, although RFC 6376 §3.6.1 allows it. */
    @Test
    void dkimpyShouldPassTheRecordThatWePublishAndRefuseOneForReportsOnly() throws Exception {
        assumeInstalled("dkimpy", "/usr/bin/python3", "-c", "import dkim");

        assertThat(dkimpy("v=DKIM1; k=rsa; p=")).isEqualTo("True");
        assertThat(dkimpy("v=DKIM1; k=rsa; s=*; p=")).isEqualTo("True");
        assertThat(dkimpy("v=DKIM1; k=rsa; s=tlsrpt; p=")).isEqualTo("False");
    }

    private String opendkim(String tags) throws Exception {
        Path keys = Files.writeString(directory.resolve("keys"), KEY_NAME + " " + JdkimSignatures.record(tags, key) + "\n");
        Path conf = Files.writeString(directory.resolve("opendkim.conf"), "Mode v\nTestDNSData file:" + keys + "\nAlwaysAddARHeader yes\n");
        return run("opendkim", "-x", conf.toString(), "-t", mail().toString(), "-v", "-v");
    }

    private String mailDkim(String tags) throws Exception {
        dns.zone().remove(KEY_NAME, "TXT").txt(KEY_NAME, JdkimSignatures.record(tags, key));
        return run("perl", "-e", PERL, String.valueOf(dns.address().getPort()), mail().toString());
    }

    private String dkimpy(String tags) throws Exception {
        return run("/usr/bin/python3", "-c", PYTHON, JdkimSignatures.record(tags, key), mail().toString());
    }

    private Path mail() throws IOException {
        byte[] report = ReportMail.write(Samples.reportFile(), "tls@rcpt.example", Samples.NOON, new MailIds(new byte[32]));
        return Files.write(directory.resolve("report.eml"), JdkimSignatures.sign(TEMPLATE, key.getPrivate(), report));
    }

    private void assumeInstalled(String name, String... command) throws InterruptedException {
        boolean installed;
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(directory.resolve("probe").toFile()).start();
            installed = process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException notThere) {
            installed = false;
        }
        if (!installed && "true".equals(System.getenv("CI"))) {
            throw new AssertionError(name + " is not installed");
        }
        assumeTrue(installed, name + " is not installed");
    }

    private String run(String... command) throws Exception {
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(command[0] + " ends").isTrue();
        return Files.readString(output, StandardCharsets.ISO_8859_1).strip();
    }
}
