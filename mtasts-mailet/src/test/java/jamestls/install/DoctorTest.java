package jamestls.install;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.TestCa;
import jamestls.install.Finding.Severity;
import jamestls.install.StockConfiguration.Form;
import jamestls.install.StockConfiguration.Server;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DoctorTest {

    @TempDir
    private Path home;

    private Path conf;

    @BeforeEach
    void installed() throws Exception {
        conf = Files.createDirectories(home.resolve("conf"));
        Files.createDirectories(home.resolve("extensions-jars"));
        installed(Server.MEMORY, Form.STOCK);
        for (Path jar : FakeJars.write(home.resolve("extensions-jars"), "0.2.0", "")) {
            assertThat(jar).exists();
        }
    }

    private void installed(Server server, Form form) throws Exception {
        StockConfiguration.write(server, form, conf);
        Backup.apply(Installation.plan(InstallationTest.options(conf, "mail.sender.example"), Optional.empty()));
    }

    private List<Finding> findings() throws Exception {
        return Doctor.examine(new Doctor.Options(conf, null, "3.9.0", false, null));
    }

    private List<String> problems() throws Exception {
        return findings().stream().filter(finding -> finding.severity() == Severity.PROBLEM).map(Finding::headline).toList();
    }

    private void edit(String file, String before, String after) throws IOException {
        Path path = conf.resolve(file);
        String text = Files.readString(path);
        assertThat(text).contains(before);
        Files.writeString(path, text.replace(before, after));
    }

    static Stream<Arguments> servers() {
        return StockConfiguration.forms().stream().flatMap(form -> Stream.of(Server.values()).map(server -> Arguments.of(server, form)));
    }

    @ParameterizedTest
    @MethodSource("servers")
    void stockServerShouldBeInOrderOnceInstalledButForRetriesOnRabbitMq(Server server, Form form) throws Exception {
        try (Stream<Path> files = Files.list(conf)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
        installed(server, form);
        Map<String, String> before = InstallationTest.files(conf);

        if (server == Server.DISTRIBUTED) {
            assertThat(problems()).singleElement().asString()
                .matches("mailetcontainer.xml:\\d+: RabbitMQ's queue ignores delays, .*");
        } else {
            assertThat(problems()).isEmpty();
        }
        assertThat(InstallationTest.files(conf)).isEqualTo(before);
    }

    @Test
    void retriesOnRabbitMqShouldBeInOrderWithPostgresUnlessTheyWaitInTheQueue() throws Exception {
        Files.writeString(conf.resolve("rabbitmq.properties"), "uri=amqp://rabbitmq:5672\n");
        assertThat(problems()).anyMatch(text -> text.contains("RabbitMQ's queue ignores delays"));
        edit("mailetcontainer.xml", "<maxRetries>3</maxRetries>",
            "<maxRetries>3</maxRetries><database>jdbc:postgresql://db/james</database>");
        assertThat(problems()).isEmpty();
        edit("mailetcontainer.xml", "<maxRetries>3</maxRetries>", "<maxRetries>3</maxRetries><waiting>queue</waiting>");
        assertThat(problems()).anyMatch(text -> text.contains("RabbitMQ's queue ignores delays"));
    }

    @Test
    void deliveryLimitOfQuorumQueuesShouldBeTold() throws Exception {
        Path rabbit = conf.resolve("rabbitmq.properties");
        Files.writeString(rabbit, "uri=amqp://rabbitmq:5672\nquorum.queues.enable=true\n");
        assertThat(findings()).anyMatch(finding -> finding.text().contains("a delivery limit of 20 from RabbitMQ 4 on"));
        Files.writeString(rabbit, "quorum.queues.enable=true\nquorum.queues.delivery.limit=10\n");
        assertThat(problems()).anyMatch(text -> text.startsWith("rabbitmq.properties:2: quorum queues have a delivery limit of 10"));
        Files.writeString(rabbit, "quorum.queues.delivery.limit=10\n");
        assertThat(findings()).noneMatch(finding -> finding.text().contains("delivery limit"));
    }

    @Test
    void whatIsNotInstalledShouldBeTold() throws Exception {
        Backup.applyRevert(Backup.revert(conf));

        assertThat(problems()).anyMatch(text -> text.contains("RemoteDelivery sends mail without MTA-STS"))
            .anyMatch(text -> text.matches("logback.xml:\\d+: deliveries and reports are not logged.*"))
            .anyMatch(text -> text.contains("EHLO will use the host name of this machine"));
        assertThat(findings()).anyMatch(finding -> finding.text().contains("has no TlsReporting"))
            .anyMatch(finding -> finding.text().contains("does not include jamestls.mtasts.DeliveryHealthCheck"));
    }

    @Test
    void passwordsOfOneKeystoreThatDifferShouldBeToldWithBothPlaces() throws Exception {
        edit("smtpserver.xml", "<secret>james72laBalle</secret>", "<secret>changeit</secret>");
        assertThat(problems()).anyMatch(text -> text.matches("imapserver.xml:\\d+: the password of .*/conf/keystore differs from the one "
            + "in smtpserver.xml:\\d+, so James does not start"));
    }

    @Test
    void passwordThatDoesNotOpenTheKeystoreShouldBeTold() throws Exception {
        try (OutputStream out = Files.newOutputStream(conf.resolve("keystore"))) {
            KeyStore store = TestCa.create("Root").trustStore();
            store.store(out, "james72laBalle".toCharArray());
        }
        assertThat(problems()).isEmpty();
        try (OutputStream out = Files.newOutputStream(conf.resolve("keystore"))) {
            TestCa.create("Root").trustStore().store(out, "another".toCharArray());
        }
        assertThat(problems()).anyMatch(text -> text.matches("smtpserver.xml:\\d+: the password does not open .*"));
    }

    @Test
    void jmapWithoutItsMailetsShouldBeTold() throws Exception {
        edit("mailetcontainer.xml", "<mailet match=\"All\" class=\"VacationMailet\">", "<mailet match=\"All\" class=\"Null\">");
        assertThat(problems()).singleElement().asString().contains("JMAP is on and VacationMailet is missing");
        edit("jmap.properties", "enabled=true", "enabled=false");
        assertThat(problems()).isEmpty();
    }

    @Test
    void keyThatCannotBeReadShouldBeTold() throws Exception {
        Files.setPosixFilePermissions(conf.resolve("dkim-tlsrpt.pem"), PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(findings()).anyMatch(finding -> finding.severity() == Severity.ADVICE && finding.text().contains("can read the key"));
        Files.writeString(conf.resolve("dkim-tlsrpt.pem"), "no key");
        assertThat(problems()).anyMatch(text -> text.contains("is no RSA key in PEM"));
        Files.delete(conf.resolve("dkim-tlsrpt.pem"));
        assertThat(problems()).anyMatch(text -> text.matches("mailetcontainer.xml:\\d+: the key .*dkim-tlsrpt.pem can't be read"));
        assertThat(Doctor.examine(new Doctor.Options(conf, null, "3.8.1", false, null)))
            .anyMatch(finding -> finding.text().contains("James 3.8 looks for file://conf/dkim-tlsrpt.pem on its class path"));
    }

    @Test
    void valuesForWhichJamesDoesNotStartShouldBeToldTogetherInItsWords() throws Exception {
        edit("mailetcontainer.xml", "<maxRetries>3</maxRetries>", "<maxRetries>often</maxRetries>");
        edit("mailetcontainer.xml", "<delayTime>5000, 100000, 500000</delayTime>", "<delayTime>soon</delayTime>");

        assertThat(problems()).hasSize(2)
            .anyMatch(text -> text.matches("(?s)mailetcontainer.xml:\\d+: James does not start: parameter 'maxRetries' has the value "
                + "'often'; allowed: a whole number from .*"))
            .anyMatch(text -> text.contains("James does not start: parameter 'delayTime' has the value 'soon'; allowed: "));
    }

    @Test
    void valueWithAVariableThatIsNotSetHereShouldBeNoProblem() throws Exception {
        edit("mailetcontainer.xml", "<maxRetries>3</maxRetries>", "<maxRetries>${env:NO_SUCH_VARIABLE}</maxRetries>"
            + "<gateway>${env:NO_SUCH_VARIABLE}</gateway><gatewayPort>2525</gatewayPort>"
            + "<gatewayUsername>user</gatewayUsername><gatewayTokenFile>${env:NO_SUCH_VARIABLE}</gatewayTokenFile>");

        assertThat(problems()).isEmpty();
        assertThat(findings()).extracting(Finding::text)
            .anyMatch(text -> text.startsWith("parameter 'maxRetries' was not checked"));
    }

    @Test
    void valuesOfReportingShouldBeSaidToBeUncheckedWhereItsJarIsMissing() throws Exception {
        assertThat(findings()).anyMatch(finding -> finding.text().equals("the values of TlsReporting were not checked")
            && finding.line() > 0);
    }

    @Test
    void matcherWithoutTheBounceAddressShouldBeTold() throws Exception {
        edit("mailetcontainer.xml", ",tlsrpt@sender.example\"", "\"");
        assertThat(problems()).singleElement().asString().contains("does not see bounces of its reports", "tlsrpt@sender.example");
    }

    @Test
    void reportingThatStandsTooLateOrHasNoProcessorShouldBeTold() throws Exception {
        edit("mailetcontainer.xml", "<mailet match=\"RecipientIs=",
            "<mailet match=\"All\" class=\"RecipientRewriteTable\"/>\n<mailet match=\"RecipientIs=");
        edit("mailetcontainer.xml", "<processor>tlsreport</processor>", "<processor>other</processor>");
        assertThat(problems()).anyMatch(text -> text.contains("stands behind RecipientRewriteTable"))
            .anyMatch(text -> text.contains("the processor 'other' for the report mails is missing"));
    }

    @Test
    void signatureThatReceiversIgnoreShouldBeTold() throws Exception {
        edit("mailetcontainer.xml", "tls-report-domain:tls-report-submitter:", "");
        edit("mailetcontainer.xml", "bh=; b=;", "l=1; bh=; b=;");
        assertThat(problems()).anyMatch(text -> text.contains("l= in signatureTemplate"))
            .anyMatch(text -> text.contains("does not cover tls-report-domain"));
        edit("mailetcontainer.xml", "d=sender.example", "d=other.example");
        assertThat(problems()).anyMatch(text -> text.contains("report mails are not signed for sender.example"));
    }

    @Test
    void databaseThatCannotBeWrittenShouldBeTold() throws Exception {
        Files.writeString(home.resolve("var"), "in the way");
        assertThat(problems()).hasSize(2).allMatch(text -> text.contains("can't be written"));
    }

    @Test
    void corsThatHasNoEffectShouldBeTold() throws Exception {
        edit("webadmin.properties", "#cors.enable=true", "cors.enable=false");
        assertThat(problems()).singleElement().asString().matches("webadmin.properties:\\d+: cors.enable=false has no effect: .*");
        edit("webadmin.properties", "cors.enable=false", "cors.origin=http://127.0.0.1:8000");
        assertThat(problems()).isEmpty();
    }

    @Test
    void policyHostShouldBeCheckedAsJamesReadsIt() throws Exception {
        Path file = conf.resolve("mtasts-policy-host.properties");
        Files.writeString(file, "enabled=true\ndomain=example.org\nport=0x1bb\n");
        assertThat(problems()).singleElement().asString().contains("unknown parameter 'domain'", "did you mean 'domains'?",
            "parameter 'port' has the value '0x1bb'; allowed: a whole number from 0 to 65535", "parameter 'certificates'");

        Files.writeString(file, "enabled=true\ndomains=example.org\nkeystore=file://conf/keystore\n");
        assertThat(problems()).isEmpty();
        assertThat(Doctor.examine(new Doctor.Options(conf, null, "3.9.0", false, null))).extracting(Finding::text)
            .contains("the policy host is enabled, and James does not start it");
        Files.writeString(conf.resolve("extensions.properties"), "guice.extension.startable=jamestls.mtasts.publish.PolicyHost\n");
        assertThat(Doctor.examine(new Doctor.Options(conf, null, "3.9.0", false, null))).extracting(Finding::text)
            .doesNotContain("the policy host is enabled, and James does not start it");
    }

    @Test
    void wrongAndDoubleJarsShouldBeTold() throws Exception {
        FakeJars.write(home.resolve("extensions-jars"), "0.1.0", "-james38");
        assertThat(problems()).anyMatch(text -> text.contains("several jars have jamestls.mtasts.SecureRemoteDelivery"))
            .anyMatch(text -> text.contains("can't load tlsrpt-mailet-0.1.0-james38.jar, which is for 3.8"))
            .anyMatch(text -> text.contains("do not belong together"));
    }

    @Test
    void healthCheckThatIsInNoJarShouldBeTold() throws Exception {
        edit("healthcheck.properties", "jamestls.tlsrpt.ReportingHealthCheck", "jamestls.tlsrpt.NoSuchCheck");
        assertThat(problems()).singleElement().asString().contains("jamestls.tlsrpt.NoSuchCheck is in none of the jars");
    }

    @Test
    void routeThatIsInNoJarShouldBeTold() throws Exception {
        edit("webadmin.properties", "jamestls.tlsrpt.web.ReportRoutes", "jamestls.tlsrpt.web.NoSuchRoutes");
        assertThat(problems()).singleElement().asString().contains("jamestls.tlsrpt.web.NoSuchRoutes is in none of the jars");
        assertThat(Doctor.examine(new Doctor.Options(conf, null, "3.9.0", false, null))).extracting(Finding::text)
            .contains("webadmin does not have the routes of jamestls.tlsrpt.web.ReportRoutes");
    }

    @Test
    void dnsShouldBeAskedForDnssecKeyAndHeloName() throws Exception {
        DkimKey key = DkimKey.read(conf.resolve("dkim-tlsrpt.pem"));
        String name = "tlsrpt._domainkey.sender.example";
        try (DnsServer dns = DnsServer.start()) {
            dns.zone().txt("unrelated.sender.example", "x");
            Doctor.Options options = new Doctor.Options(conf, null, "3.9.0", true, "127.0.0.1:" + dns.address().getPort());
            assertThat(Doctor.examine(options)).extracting(Finding::text)
                .anyMatch(text -> text.contains("the resolvers do not support DNSSEC"))
                .anyMatch(text -> text.contains("there is no key at " + name))
                .anyMatch(text -> text.contains("EHLO uses mail.sender.example, which has no address"));

            dns.zone().txt(name, "v=DKIM1; k=rsa; s=tlsrpt; p=" + key.publicKey().orElseThrow()).a("mail.sender.example", "192.0.2.1");
            assertThat(Doctor.examine(options)).extracting(Finding::text)
                .anyMatch(text -> text.contains("s=tlsrpt, which many verifiers refuse")).noneMatch(text -> text.contains("EHLO"));
        }
        try (DnsServer dns = DnsServer.start()) {
            dns.zone().txt(name, "v=DKIM1; k=rsa; s=email:tlsrpt; p=" + DkimKey.generate().publicKey().orElseThrow());
            dns.faults().set("mail.sender.example", DnsFault.SERVFAIL);
            assertThat(Doctor.examine(new Doctor.Options(conf, null, "3.9.0", true, "127.0.0.1:" + dns.address().getPort())))
                .extracting(Finding::text).anyMatch(text -> text.contains("does not have the public key of the key that signs"))
                .noneMatch(text -> text.contains("many verifiers"));
        }
    }
}
