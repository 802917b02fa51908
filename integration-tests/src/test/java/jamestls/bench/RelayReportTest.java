package jamestls.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class RelayReportTest {

    private static final String RESULTS = """
        [ {"rtt_ms": 20, "destinations": 1, "size": 2048, "mails": 1000, "stock_per_s": 82.4, "stock_cpu_ms_per_mail": 3.32,
           "secure_per_s": 800.0, "secure_cpu_ms_per_mail": 0.41, "limit_per_s": 1000.0, "queue_per_s": 20000.0,
           "share_of_limit": 0.8, "postfix_reuse_per_s": 281.0},
          {"rtt_ms": 0, "destinations": 100, "size": 102400, "mails": 600, "secure_per_s": 1060.0, "limit_per_s": 9000.0,
           "queue_per_s": 1500.0, "share_of_limit": 0.71},
          {"waiting_mails": 10000, "slow_hosts": 100} ]
        """;

    @Test
    void tableShouldHaveARowForEachCaseWithRatesAndProcessorTime() throws IOException {
        assertThat(RelayReport.table(results()).lines().skip(2)).containsExactly(
            "| 20 ms | 1 | 2 KB | **800 (0.41 ms)** | 0.80 | 1,000 | 20,000 | 82 (3.32 ms) | – | 281 | – |",
            "| 0 ms | 100 | 100 KB | **1,060** | 0.71 | 9,000 | 1,500 | – | – | – | – |");
    }

    @Test
    void pictureShouldHaveABarForEachSenderMeasuredAndOneForTheLowerLimit() throws Exception {
        Document picture = parse(RelayPicture.of(RelayReport.cases(results())));

        assertThat(texts(picture, "title")).containsExactly("20 ms, 1 destination, 2 KB: mails per second",
            "0 ms, 100 destinations, 100 KB: mails per second");
        assertThat(texts(picture, "name")).containsExactly("limit (network)", "SecureRemoteDelivery", "Postfix, reuse", "RemoteDelivery",
            "limit (James's queue)", "SecureRemoteDelivery");
        assertThat(texts(picture, "value")).containsExactly("1,000", "800", "281", "82", "1,500", "1,060");
    }

    @Test
    void barsShouldBeAsLongAsTheRatesSay() throws Exception {
        List<Element> bars = elements(parse(RelayPicture.of(RelayReport.cases(results()))), "rect").stream()
            .filter(bar -> !bar.getAttribute("class").equals("page")).toList();

        assertThat(width(bars.get(1))).isEqualTo(width(bars.get(0)) * 8 / 10);
        assertThat(bars.get(1).getAttribute("class")).isEqualTo("ours");
    }

    @Test
    void writeShouldPutTableAndPictureBesideTheResults(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("relay.json"), RESULTS);

        RelayReport.write(directory);

        assertThat(directory.resolve("relay.md")).hasContent(RelayReport.table(results()));
        assertThat(directory.resolve("relay.svg")).content().startsWith("<svg");
    }

    private static int width(Element bar) {
        return Integer.parseInt(bar.getAttribute("width"));
    }

    private static JsonNode results() throws IOException {
        return new ObjectMapper().readTree(RESULTS);
    }

    private static Document parse(String picture) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(picture)));
    }

    private static List<String> texts(Document picture, String kind) {
        return elements(picture, "text").stream().filter(text -> text.getAttribute("class").equals(kind))
            .map(Element::getTextContent).toList();
    }

    private static List<Element> elements(Document picture, String name) {
        NodeList nodes = picture.getElementsByTagName(name);
        return IntStream.range(0, nodes.getLength()).mapToObj(i -> (Element) nodes.item(i)).toList();
    }
}
