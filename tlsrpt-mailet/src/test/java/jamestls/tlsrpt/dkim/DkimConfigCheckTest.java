package jamestls.tlsrpt.dkim;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.config.ConfigurationException;
import jamestls.config.MailetContainerXml;
import jamestls.config.Variables;
import jamestls.dns.DomainName;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DkimConfigCheckTest {

    private static final DomainName SENDER = DomainName.of("sender.example");
    private static final String GOOD = "v=1; a=rsa-sha256; d=sender.example; s=tlsrpt; "
        + "h=from:to:subject:TLS-Report-Domain:TLS-Report-Submitter; bh=; b=;";

    @Test
    void processorThatSignsCorrectlyShouldHaveNoProblem() throws ConfigurationException {
        assertThat(problems(GOOD)).isEmpty();
    }

    @Test
    void signatureOfAnotherDomainShouldBeAProblemWithItsRemedy() throws ConfigurationException {
        assertThat(problems(GOOD.replace("d=sender.example", "d=other.example"))).singleElement().asString()
            .contains("'other.example'", "write d=sender.example");
    }

    @Test
    void missingSignerShouldBeAProblem() throws ConfigurationException {
        String other = container("relay", GOOD);
        assertThat(problemsOf(other)).singleElement().asString().contains("unsigned", "add DKIMSign with d=sender.example");
    }

    @Test
    void lengthTagAndUncoveredFieldsShouldBeProblems() throws ConfigurationException {
        assertThat(problems("v=1; d=sender.example; l=100; h=from:to; bh=; b=;")).hasSize(2)
            .anyMatch(problem -> problem.startsWith("l= in signatureTemplate"))
            .anyMatch(problem -> problem.contains("tls-report-submitter"));
    }

    @Test
    void eachDomainShouldNeedItsOwnSigner() throws ConfigurationException {
        String xml = container("tlsreport", GOOD);
        DomainName other = DomainName.of("other.example");

        assertThat(byDomain(xml, SENDER, other)).containsOnlyKeys(other);
        assertThat(byDomain(xml, SENDER, other).get(other)).singleElement().asString().contains("write d=other.example");
        String second = "<mailet match=\"SenderIs=tls@other.example\" class=\"DKIMSign\"><signatureTemplate>"
            + GOOD.replace("d=sender.example", "d=other.example") + "</signatureTemplate></mailet></processor>";
        assertThat(byDomain(xml.replace("</processor>", second), SENDER, other)).isEmpty();
    }

    private static List<String> problems(String template) throws ConfigurationException {
        return problemsOf(container("TlsReport", template));
    }

    private static List<String> problemsOf(String xml) throws ConfigurationException {
        return byDomain(xml, SENDER).getOrDefault(SENDER, List.of());
    }

    private static Map<DomainName, List<String>> byDomain(String xml, DomainName... domains) throws ConfigurationException {
        MailetContainerXml read = MailetContainerXml.read(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)),
            "mailetcontainer.xml", Variables.ofProcess());
        return DkimConfigCheck.problems(read, "tlsreport", List.of(domains));
    }

    private static String container(String processor, String template) {
        return "<mailetcontainer><processors><processor state=\"" + processor + "\"><mailet match=\"All\" "
            + "class=\"org.apache.james.jdkim.mailets.DKIMSign\"><signatureTemplate>" + template
            + "</signatureTemplate></mailet></processor></processors></mailetcontainer>";
    }
}
