package jamestls.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import jamestls.install.Installation.Options;
import jamestls.install.StockConfiguration.Form;
import jamestls.install.StockConfiguration.Server;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class InstallationTest {

    @TempDir
    private Path home;

    private Path conf;

    @BeforeEach
    void directory() throws IOException {
        conf = Files.createDirectories(home.resolve("conf"));
    }

    static Options options(Path conf, String helo) {
        return new Options(conf, new Installation.Reports("Example & Sons", "postmaster@sender.example", null, List.of(), null), helo,
            "3.9.0", null);
    }

    private Plan install() throws IOException, Refusal {
        Plan plan = Installation.plan(options(conf, null), Optional.empty());
        if (!plan.isEmpty()) {
            Backup.apply(plan);
        }
        return plan;
    }

    private Refusal refusal() {
        return catchThrowableOfType(Refusal.class, () -> Installation.plan(options(conf, null), Optional.empty()));
    }

    /** A stock configuration whose mailetcontainer.xml is edited. */
    private void stock(String before, String after) throws IOException {
        StockConfiguration.write(Server.MEMORY, Form.STOCK, conf);
        Path file = conf.resolve("mailetcontainer.xml");
        String text = Files.readString(file);
        assertThat(text).contains(before);
        Files.writeString(file, text.replace(before, after));
    }

    private String container() throws IOException {
        return Files.readString(conf.resolve("mailetcontainer.xml"));
    }

    /** All files but the copies. */
    static Map<String, String> files(Path conf) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> walk = Files.walk(conf)) {
            for (Path file : walk.filter(Files::isRegularFile).filter(each -> !each.toString().contains(Backup.DIRECTORY)).toList()) {
                files.put(conf.relativize(file).toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
            }
        }
        return files;
    }

    static Stream<Arguments> servers() {
        return StockConfiguration.forms().stream().flatMap(form -> Stream.of(Server.values()).map(server -> Arguments.of(server, form)));
    }

    @ParameterizedTest
    @MethodSource("servers")
    void stockServerShouldBeInstalledOnceAndTakenBackByteForByte(Server server, Form form) throws Exception {
        StockConfiguration.write(server, form, conf);
        Map<String, String> before = files(conf);

        install();

        Map<String, String> after = files(conf);
        assertThat(after.get("mailetcontainer.xml")).contains("class=\"jamestls.mtasts.SecureRemoteDelivery\"",
                "<outgoing>outgoing</outgoing>", "<delayTime>5000, 100000, 500000</delayTime>", "class=\"jamestls.tlsrpt.TlsReporting\"",
                "<organization>Example &amp; Sons</organization>", "<privateKeyFilepath>file://conf/dkim-tlsrpt.pem</privateKeyFilepath>")
            .doesNotContain("class=\"RemoteDelivery\">", "deliveryThreads", "outgoingQueue");
        assertThat(after.get("logback.xml")).contains("<logger name=\"jamestls\" level=\"INFO\"/>");
        assertThat(after.get("healthcheck.properties"))
            .contains("\nadditional.healthchecks=jamestls.mtasts.DeliveryHealthCheck,jamestls.tlsrpt.ReportingHealthCheck\n");
        assertThat(after.get("webadmin.properties")).contains("\nextensions.routes=jamestls.mtasts.web.DomainRoutes,")
            .contains("jamestls.tlsrpt.web.ReportRoutes\n");
        assertThat(after.get("extensions.properties")).contains("guice.extension.task=jamestls.tlsrpt.web.SendReportsTaskModule\n");
        assertThat(after.keySet()).containsAll(before.keySet());
        assertThat(Files.getPosixFilePermissions(conf.resolve("dkim-tlsrpt.pem"))).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(before.keySet().stream().filter(name -> !before.get(name).equals(after.get(name))))
            .filteredOn(name -> !name.equals("extensions.properties"))
            .containsExactlyInAnyOrder("mailetcontainer.xml", "logback.xml", "healthcheck.properties", "webadmin.properties");
        assertThat(install().isEmpty()).isTrue();

        Backup.applyRevert(Backup.revert(conf));
        Map<String, String> reverted = files(conf);
        assertThat(reverted.remove("dkim-tlsrpt.pem")).isNotNull();
        assertThat(reverted).isEqualTo(before);
    }

    @Test
    void routesShouldNotBeAddedWhereWebadminIsOff() throws Exception {
        StockConfiguration.write(Server.MEMORY, Form.STOCK, conf);
        String off = Files.readString(conf.resolve("webadmin.properties")).replace("enabled=true", "enabled=false");
        Files.writeString(conf.resolve("webadmin.properties"), off);

        install();

        assertThat(conf.resolve("webadmin.properties")).hasContent(off);
    }

    @Test
    void webadminPropertiesShouldNotBeMade() throws Exception {
        StockConfiguration.write(Server.MEMORY, Form.STOCK, conf);
        Files.delete(conf.resolve("webadmin.properties"));

        install();

        assertThat(conf.resolve("webadmin.properties")).doesNotExist();
    }

    @Test
    void reportingShouldStandBeforeTheFirstMailetOfTransportAndBehindItsMatchers() throws Exception {
        StockConfiguration.write(Server.MEMORY, Form.STOCK, conf);
        install();

        assertThat(container()).containsIgnoringWhitespaces("""
            </matcher>
            <!-- counts TLS results and reports them daily (RFC 8460); a mail to the first address sends the reports at once, bounces of \
reports go to the second -->
            <mailet match="RecipientIs=tls-report-now@sender.example,tlsrpt@sender.example" class="jamestls.tlsrpt.TlsReporting">
                <organization>Example &amp; Sons</organization>
                <contact>postmaster@sender.example</contact>
                <from>tlsrpt@sender.example</from>
                <processor>tlsreport</processor>
                <administrators>postmaster@sender.example</administrators>
            </mailet>
            <mailet match="All" class="RemoveMimeHeader">
            """);
    }

    @Test
    void everyComplaintShouldBeToldAtOnceWithItsLine() throws Exception {
        stock("<outgoingQueue>outgoing</outgoingQueue>", "<outgoingQueue>outgoing</outgoingQueue>\n"
            + "<startTLS>false</startTLS><connectionTimeout>60000</connectionTimeout><mail.smtp.auth>true</mail.smtp.auth>"
            + "<colour>red</colour>");
        List<String> steps = Installation.plan(options(conf, null), Optional.empty()).steps();

        assertThat(steps).anyMatch(step -> step.matches("mailetcontainer.xml:\\d+: outgoingQueue becomes outgoing"))
            .anyMatch(step -> step.matches("mailetcontainer.xml:\\d+: deliveryThreads is removed: .*'deliveries' limits .* 256"))
            .anyMatch(step -> step.matches("mailetcontainer.xml:\\d+: startTLS is removed: .*"))
            .anyMatch(step -> step.matches("mailetcontainer.xml:\\d+: connectionTimeout becomes connectiontimeout"))
            .anyMatch(step -> step.matches("mailetcontainer.xml:\\d+: mail.smtp.auth is removed: .*"))
            .anyMatch(step -> step.matches("mailetcontainer.xml:\\d+: colour is removed: .*"));
    }

    @Test
    void parametersThatNeedADecisionShouldBeRefusedTogetherAndNothingChanged() throws Exception {
        stock("<sendpartial>true</sendpartial>", "<mail.smtp.port>2525</mail.smtp.port>\n<mail.smtp.ssl.trust>*</mail.smtp.ssl.trust>");
        Map<String, String> before = files(conf);

        Refusal refusal = refusal();

        assertThat(refusal.findings()).hasSize(2).allMatch(finding -> finding.line() > 0 && finding.remedy().startsWith("write "));
        assertThat(files(conf)).isEqualTo(before);
    }

    @Test
    void valuesForWhichJamesWouldNotStartShouldBeRefusedTogetherWithTheirLines() throws Exception {
        stock("<sendpartial>true</sendpartial>", "<mail.smtp.port>2525</mail.smtp.port>\n<connectionTimeout>soon</connectionTimeout>\n"
            + "<gateway>mx.sender.example</gateway>\n<gatewayUsername>user</gatewayUsername>");
        Map<String, String> before = files(conf);
        List<String> lines = container().lines().toList();

        List<Finding> findings = refusal().findings();

        assertThat(findings).hasSize(3);
        assertThat(findings).filteredOn(finding -> finding.text().startsWith("James does not start: "))
            .anySatisfy(finding -> {
                assertThat(finding.text()).contains("parameter 'connectiontimeout' has the value 'soon'; allowed: ");
                assertThat(lines.get(finding.line() - 1)).contains("<connectionTimeout>soon");
            })
            .anySatisfy(finding -> {
                assertThat(finding.text()).contains("gatewayUsername and gatewayPassword, both or neither");
                assertThat(lines.get(finding.line() - 1)).contains("<mailet match=\"All\" class=\"RemoteDelivery\">");
            });
        assertThat(files(conf)).isEqualTo(before);
    }

    @Test
    void twoGatewaysWithQueuesOfTheirOwnShouldBothBeTranslated() throws Exception {
        stock("</processor>\n\n        <processor state=\"local-address-error\"", """
                <mailet match="HostIs=a.example" class="org.apache.james.transport.mailets.RemoteDelivery">
                    <outgoing>a</outgoing>
                    <gateway>${env:GATEWAY}</gateway>
                    <sslTrustAllCerts>true</sslTrustAllCerts>
                    <gatewayPort>587</gatewayPort>
                </mailet>
            </processor>

            <processor state="local-address-error\"""");
        install();

        assertThat(container()).contains("<mailet match=\"HostIs=a.example\" class=\"jamestls.mtasts.SecureRemoteDelivery\">",
            "<gateway>${env:GATEWAY}</gateway>", "<verifyServerIdentity>false</verifyServerIdentity>", "<gatewayPort>587</gatewayPort>");
    }

    @Test
    void twoDeliveriesOnOneQueueShouldBeRefusedWithBothLines() throws Exception {
        stock("<mailet match=\"All\" class=\"RemoteDelivery\">",
            "<mailet match=\"HostIs=a.example\" class=\"RemoteDelivery\"/>\n<mailet match=\"All\" class=\"RemoteDelivery\">");

        assertThat(refusal().findings()).singleElement().satisfies(finding -> {
            assertThat(finding.text()).contains("as the mailet in line ");
            assertThat(finding.remedy()).contains("<outgoing>outgoing2</outgoing>");
        });
    }

    @Test
    void configurationWithoutRemoteDeliveryShouldBeRefused() throws Exception {
        stock("class=\"RemoteDelivery\"", "class=\"Null\"");
        assertThat(refusal().findings().getFirst().headline()).isEqualTo("mailetcontainer.xml: has no RemoteDelivery");
    }

    @ParameterizedTest
    @ValueSource(strings = {"<processors", "</mailet>", "<mailet match=All class=\"RemoteDelivery\">", "<!DOCTYPE a>", "&nothing;"})
    void brokenXmlShouldBeRefusedWithItsLine(String broken) throws Exception {
        stock("<mailet match=\"All\" class=\"RemoteDelivery\">", broken);
        Map<String, String> before = files(conf);

        assertThat(refusal().findings()).singleElement().matches(finding -> finding.line() > 50, "line");
        assertThat(files(conf)).isEqualTo(before);
    }

    @Test
    void existingSignatureThatFitsShouldBeUsed() throws Exception {
        stock("<mailet match=\"All\" class=\"RemoteDelivery\">", """
            <mailet match="All" class="org.apache.james.jdkim.mailets.DKIMSign">
              <signatureTemplate>v=1; s=own; d=Sender.example; h=from:TLS-Report-Domain:tls-report-submitter; \
            a=rsa-sha256; bh=; b=;</signatureTemplate>
              <privateKeyFilepath>file://conf/own.pem</privateKeyFilepath>
            </mailet>
            <mailet match="All" class="RemoteDelivery">""");
        install();

        assertThat(container()).contains("<processor>relay</processor>").doesNotContain("state=\"tlsreport\"");
        assertThat(conf.resolve("dkim-tlsrpt.pem")).doesNotExist();
    }

    @Test
    void existingKeyShouldBeUsedWhereItsSignatureLacksTheReportFields() throws Exception {
        stock("<mailet match=\"All\" class=\"RemoteDelivery\">", """
            <mailet match="All" class="org.apache.james.jdkim.mailets.DKIMSign">
              <signatureTemplate>v=1; s=own; d=sender.example; h=from:to; a=rsa-sha256; bh=; b=;</signatureTemplate>
              <privateKeyFilepath>file://conf/own.pem</privateKeyFilepath>
              <privateKeyPassword>secret</privateKeyPassword>
            </mailet>
            <mailet match="All" class="RemoteDelivery">""");
        Plan plan = install();

        assertThat(container()).contains("state=\"tlsreport\"", "d=sender.example; s=own; h=from:to:subject");
        assertThat(container().split("file://conf/own.pem")).hasSize(3);
        assertThat(conf.resolve("dkim-tlsrpt.pem")).doesNotExist();
        assertThat(String.join("\n", plan.diff())).doesNotContain("<privateKeyPassword>secret");
    }

    @Test
    void keyOfJames38ShouldStandInTheFileAndNotInTheDiff() throws Exception {
        StockConfiguration.write(Server.MEMORY, Form.STOCK, conf);
        Options options = new Options(conf,
            new Installation.Reports("Org", "a@sender.example", null, List.of(), null), null, "3.8.1", null);
        Plan plan = Installation.plan(options, Optional.empty());
        Backup.apply(plan);

        String key = Files.readString(conf.resolve("dkim-tlsrpt.pem"));
        assertThat(container()).contains("<privateKey>\n" + key + "</privateKey>".indent(0).strip().replace("</", "                </"))
            .doesNotContain("privateKeyFilepath");
        assertThat(String.join("\n", plan.diff())).doesNotContain(key.lines().skip(3).findFirst().orElseThrow());
        assertThat(plan.afterwards()).anyMatch(text -> text.contains("tlsrpt._domainkey.sender.example. IN TXT")
            && text.contains("v=DKIM1; k=rsa; p="));
    }

    @Test
    void heloNameShouldBeAddedToEveryDelivery() throws Exception {
        stock("<mailet match=\"All\" class=\"RemoteDelivery\">",
            "<mailet match=\"HostIs=b\" class=\"RemoteDelivery\"><outgoing>b</outgoing></mailet>"
            + "<mailet match=\"All\" class=\"RemoteDelivery\">");
        Backup.apply(Installation.plan(options(conf, "mail.sender.example"), Optional.empty()));

        assertThat(container().split("<heloName>mail.sender.example</heloName>")).hasSize(3);
        assertThat(Installation.plan(options(conf, "mail.sender.example"), Optional.empty()).isEmpty()).isTrue();
        assertThat(Installation.plan(options(conf, "mx.sender.example"), Optional.empty()).diff())
            .contains("+                <heloName>mx.sender.example</heloName>");
    }

    @Test
    void mailetWithoutParametersShouldGetAHeloName() throws Exception {
        stock("<mailet match=\"All\" class=\"RemoteDelivery\">", "<mailet match=\"HostIs=b\" class=\"RemoteDelivery\" />"
            + "<mailet match=\"All\" class=\"RemoteDelivery\"><outgoing>b</outgoing>");
        Files.writeString(conf.resolve("mailetcontainer.xml"), container().replace("<outgoingQueue>outgoing</outgoingQueue>", ""));
        Backup.apply(Installation.plan(options(conf, "mail.sender.example"), Optional.empty()));

        assertThat(container().split("<heloName>mail.sender.example</heloName>")).hasSize(3);
    }

    static List<Arguments> texts() {
        List<Arguments> texts = new ArrayList<>();
        for (String charset : List.of("UTF-8", "ISO-8859-1", "UTF-16LE", "UTF-16BE")) {
            for (String newLine : List.of("\n", "\r\n")) {
                texts.add(Arguments.of(charset, newLine, true));
                texts.add(Arguments.of(charset, newLine, false));
            }
        }
        return texts;
    }

    @ParameterizedTest
    @MethodSource("texts")
    void whatIsNotTouchedShouldStayByteForByte(String charset, String newLine, boolean mark) throws Exception {
        StockConfiguration.write(Server.MEMORY, Form.STOCK, conf);
        boolean wide = charset.startsWith("UTF-16");
        boolean marked = mark && !charset.startsWith("ISO");
        String text = (marked ? "\uFEFF" : "") + container()
            .replace("<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" encoding=\"" + (wide ? "UTF-16" : charset) + "\"?>")
            .replace("<postmaster>", "<!-- Gr\u00fc\u00dfe -->\t<postmaster>").replace("\n", newLine);
        if (wide && !marked) {
            text = text.replace("encoding=\"UTF-16\"", "encoding=\"" + charset + "\"");
        }
        byte[] before = text.getBytes(Charset.forName(charset));
        Files.write(conf.resolve("mailetcontainer.xml"), before);
        install();

        byte[] bytes = Files.readAllBytes(conf.resolve("mailetcontainer.xml"));
        String after = new String(bytes, Charset.forName(charset));
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(bytes));
        assertThat(after.lines().toList()).containsSubsequence(text.lines().filter(line -> !line.contains("RemoteDelivery")
            && !line.contains("outgoingQueue") && !line.contains("deliveryThreads")).toList());
        assertThat(after.replace(newLine, "").contains("\n")).isFalse();
        assertThat(after).contains("SecureRemoteDelivery");
        Backup.applyRevert(Backup.revert(conf));
        assertThat(Files.readAllBytes(conf.resolve("mailetcontainer.xml"))).isEqualTo(before);
    }

    @Test
    void tabsAndCommentsInsideAMailetShouldStay() throws Exception {
        stock("                <outgoingQueue>outgoing</outgoingQueue>\n",
            "\t\t<!-- about the queue -->\n\t\t<outgoingQueue\n>outgoing</outgoingQueue > <!-- not <outgoing> -->\n\t\t<![CDATA[ ]]>\n");
        install();

        assertThat(container()).contains("\t\t<!-- about the queue -->\n\t\t<outgoing\n"
            + ">outgoing</outgoing > <!-- not <outgoing> -->\n\t\t<![CDATA[ ]]>\n");
    }

    @Test
    void otherNamesOfProcessorsShouldBeFollowed() throws Exception {
        stock("<processor>transport</processor>", "<processor>Inbound</processor>");
        Files.writeString(conf.resolve("mailetcontainer.xml"), container().replace("state=\"transport\"", "state=\"inbound\"")
            .replace("state=\"relay\"", "state=\"outbound\"").replace("<processor>relay</processor>", "<processor>outbound</processor>"));
        install();

        assertThat(container()).containsIgnoringWhitespaces("</mailet><mailet match=\"All\" class=\"ToProcessor\">"
            + "<processor>outbound</processor></mailet></processor>");
        MailetContainer after = MailetContainer.read(conf);
        assertThat(after.mailets("TlsReporting")).singleElement().matches(each -> each.state().equals("inbound"));
    }

    @Test
    void listsOfPropertiesShouldGrowByWhatTheyLack() {
        List<String> added = List.of("a.A", "b.B");
        assertThat(new PropertiesText("k=x.X\n").with("k", added, "\n")).isEqualTo("k=x.X,a.A,b.B\n");
        assertThat(new PropertiesText("k = x.X , \\\r\n  a.A  \r\nl=1").with("k", added, "\r\n"))
            .isEqualTo("k = x.X , \\\r\n  a.A,b.B  \r\nl=1");
        assertThat(new PropertiesText("#k=x\nk=\nl=1").with("k", added, "\n")).isEqualTo("#k=x\nk=a.A,b.B\nl=1");
        assertThat(new PropertiesText("k").with("k", added, "\n")).isEqualTo("k=a.A,b.B");
        assertThat(new PropertiesText("# no end").with("k", added, "\r\n")).isEqualTo("# no end\r\nk=a.A,b.B\r\n");
        assertThat(new PropertiesText("k=b.B,a.A").with("k", added, "\n")).isEqualTo("k=b.B,a.A");
        assertThat(new PropertiesText("kk=1\nk:x\n").first("k")).contains("x");
        assertThat(new PropertiesText("kk=1\nk:x\n").line("k")).isEqualTo(2);
    }
}
