package jamestls.tlsrpt;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.install.Doctor;
import jamestls.install.Finding;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The doctor of the other jar validates the parameters of TlsReporting and TlsReportInbox. */
class DoctorTest {

    @TempDir
    private Path conf;

    private List<Finding> findings(String parameters) throws Exception {
        return findings("jamestls.tlsrpt.TlsReporting", "<organization>Example</organization>\n" + parameters);
    }

    private List<Finding> findings(String mailet, String parameters) throws Exception {
        Files.writeString(conf.resolve("mailetcontainer.xml"), """
            <mailetcontainer><processors><processor state="transport">
              <mailet match="All" class="%s">
            %s
              </mailet>
            </processor></processors></mailetcontainer>
            """.formatted(mailet, parameters));
        return Doctor.examine(new Doctor.Options(conf, null, "3.9.0", false, null));
    }

    @Test
    void valuesOfTlsReportingShouldBeCheckedAsAtTheStartOfJames() throws Exception {
        List<Finding> findings = findings("<contact>nobody</contact>\n<retention>2000d</retention>\n<retentoin>14d</retentoin>");

        assertThat(findings)
            .anyMatch(finding -> finding.line() == 4
                && finding.text().startsWith("James does not start: parameter 'contact' has the value"))
            .anyMatch(finding -> finding.line() == 5 && finding.text().contains("parameter 'retention' has the value '2000d'; allowed: "))
            .anyMatch(finding -> finding.line() == 6 && finding.remedy().contains("did you mean 'retention'?"));
    }

    @Test
    void variableThatIsNotSetHereShouldLeaveOnlyItsParameterUnchecked() throws Exception {
        List<Finding> findings = findings("<contact>${env:NO_SUCH_VARIABLE}</contact>\n<from>reports@sender.example</from>\n"
            + "<retention>2000d</retention>\n<database>${env:NO_SUCH_VARIABLE}</database>");

        assertThat(findings).filteredOn(finding -> finding.text().startsWith("James does not start:")).singleElement()
            .satisfies(finding -> assertThat(finding.text()).contains("'retention'"));
        assertThat(findings).extracting(Finding::text).anyMatch(text -> text.startsWith("parameter 'contact' was not checked"))
            .anyMatch(text -> text.startsWith("parameter 'database' was not checked"));
    }

    @Test
    void validValuesShouldBeNoFinding() throws Exception {
        assertThat(findings("<contact>postmaster@sender.example</contact>\n<retention>14d</retention>"))
            .noneMatch(finding -> finding.text().startsWith("James does not start:")
                || finding.text().contains("TlsReporting were not checked"));
    }

    @Test
    void valuesOfTlsReportInboxShouldBeCheckedToo() throws Exception {
        assertThat(findings("jamestls.tlsrpt.TlsReportInbox", "<ownDomains>sender.example</ownDomains>\n<alarmRate>200%</alarmRate>\n"
            + "<kept>true</kept>"))
            .anyMatch(finding -> finding.text().startsWith("James does not start: parameter 'alarmRate' has the value"))
            .anyMatch(finding -> finding.text().equals("TlsReportInbox does not have the parameter kept")
                && finding.remedy().contains("did you mean 'keep'?"));
    }
}
