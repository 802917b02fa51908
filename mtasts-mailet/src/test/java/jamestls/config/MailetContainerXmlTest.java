package jamestls.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MailetContainerXmlTest {

    private static final Variables VARIABLES =
        new Variables(name -> Optional.ofNullable(Map.of("OUT", "outgoing").get(name)), name -> Optional.empty());

    @TempDir
    private Path directory;

    @Test
    void processorsAndMailetsShouldBeReadInTheirOrder() throws ConfigurationException {
        MailetContainerXml xml = read("""
            <?xml version="1.0"?>
            <mailetcontainer>
              <processors>
                <processor state="Root" enableJmx="true">
                  <mailet match="All" class="PostmasterAlias"/>
                  <mailet match="SenderIs=a@b.example"
                          class="jamestls.mtasts.SecureRemoteDelivery">
                    <outgoing> ${env:OUT} <!-- said by the environment --></outgoing>
                    <delayTime>5m</delayTime>
                    <delayTime>1h</delayTime>
                    <processor>bounces</processor>
                    <outer><inner>x</inner></outer>
                  </mailet>
                </processor>
                <processor state="error"><mailet match="All" class="Null"/></processor>
              </processors>
            </mailetcontainer>
            """);

        assertThat(xml.processors()).extracting(MailetContainerXml.Processor::state).containsExactly("root", "error");
        assertThat(xml.processors().getFirst().mailets()).extracting(MailetContainerXml.Mailet::type)
            .containsExactly("PostmasterAlias", "jamestls.mtasts.SecureRemoteDelivery");
        assertThat(xml.mailets("SecureRemoteDelivery")).singleElement().satisfies(mailet -> {
            assertThat(mailet.processor()).isEqualTo("root");
            assertThat(mailet.match()).isEqualTo("SenderIs=a@b.example");
            assertThat(mailet.line()).isEqualTo(7);
            assertThat(mailet.parameters()).containsEntry("outgoing", "outgoing").containsEntry("delayTime", "5m,1h")
                .containsEntry("processor", "bounces").containsEntry("outer.inner", "x");
            assertThat(mailet.parameters().sequencedKeySet()).startsWith("outgoing", "delayTime", "processor");
        });
        assertThat(xml.mailets("RemoteDelivery")).isEmpty();
    }

    @Test
    void documentTypeShouldBeRefused() {
        assertThatThrownBy(() -> read("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>"))
            .isInstanceOf(ConfigurationException.class).hasMessage("the file has a document type, which is not allowed");
    }

    @Test
    void whatIsNoXmlShouldBeNamedWithItsLine() {
        assertThatThrownBy(() -> read("<mailetcontainer>\n<processors>\n</mailetcontainer>"))
            .isInstanceOf(ConfigurationException.class).hasMessageStartingWith("the file is no well-formed XML, line 3: ")
            .hasMessageContaining("processors").hasMessageNotContaining("ParseError");
        assertThatThrownBy(() -> read("")).isInstanceOf(ConfigurationException.class).hasMessageContaining("no well-formed XML");
    }

    @Test
    void missingFileShouldBeNamed() {
        assertThatThrownBy(() -> JamesConf.at(directory).mailetContainer()).isInstanceOf(ConfigurationException.class)
            .hasMessage("there is no file " + directory.resolve("mailetcontainer.xml"));
    }

    @Test
    void dnsServersShouldBeThoseOfDnsServiceXml() throws IOException, ConfigurationException {
        JamesConf conf = JamesConf.at(directory);
        assertThat(conf.dnsServers()).isEmpty();

        Files.writeString(directory.resolve("dnsservice.xml"),
            "<dnsservice><servers><server>127.0.0.1</server><server>9.9.9.9</server></servers>"
                + "<autodiscover>false</autodiscover></dnsservice>");
        assertThat(conf.dnsServers()).containsExactly("127.0.0.1", "9.9.9.9");

        Files.writeString(directory.resolve("dnsservice.xml"),
            "<dnsservice><servers><server>127.0.0.1</server></servers><autodiscover>true</autodiscover></dnsservice>");
        assertThat(conf.dnsServers()).isEmpty();
    }

    @Test
    void locationsShouldBeThoseOfJames() {
        JamesConf conf = JamesConf.at(Path.of("/opt/james/conf"));

        assertThat(conf.locate("file://conf/root.ds")).isEqualTo(Path.of("/opt/james/conf/root.ds"));
        assertThat(conf.locate("file://var/x.sqlite")).isEqualTo(Path.of("/opt/james/var/x.sqlite"));
        assertThat(conf.locate("file:///srv/x.sqlite")).isEqualTo(Path.of("/srv/x.sqlite"));
        assertThat(conf.locate("ca.p12")).isEqualTo(Path.of("ca.p12"));
    }

    private static MailetContainerXml read(String text) throws ConfigurationException {
        return MailetContainerXml.read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "the file", VARIABLES);
    }
}
