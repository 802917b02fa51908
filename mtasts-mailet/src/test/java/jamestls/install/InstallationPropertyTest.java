package jamestls.install;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.install.StockConfiguration.Form;
import jamestls.install.StockConfiguration.Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Over mutated configurations: never a broken file, never a changed one without a copy, never one that can't be taken back. */
class InstallationPropertyTest {

    private static final List<String> PIECES = List.of("<", ">", "/>", "\"", "<!--", "-->", "<![CDATA[", "]]>", "&amp;", "&", "\r\n", "\t",
        "<mailet match=\"All\" class=\"RemoteDelivery\"/>", "<mailet match=\"All\" class=\"Null\"/>", "</mailet>", "</processor>",
        "<processor state=\"x\">", "<outgoingQueue>q</outgoingQueue>", "<outgoing>q</outgoing>", "<gateway>g</gateway>",
        "<deliveryThreads>3</deliveryThreads><startTLS>false</startTLS>", "<!-- RemoteDelivery -->", "<heloName/>", " ", "x", "\u00e9",
            "${env:X}",
        "class=\"RemoteDelivery\"", "transport", "relay");

    private static final String KEY = DkimKey.generate().pem();

    @Property(tries = 150)
    void mutatedConfigurationShouldBeInstalledWholeOrNotAtAll(@ForAll Random random, @ForAll @IntRange(max = 3) int mutations)
            throws Exception {
        Path conf = Files.createTempDirectory("mutated");
        try {
            StockConfiguration.write(Server.values()[random.nextInt(4)], Form.STOCK, conf);
            // making one takes longer than all the rest
            Files.writeString(conf.resolve("dkim-tlsrpt.pem"), KEY);
            for (String name : List.of("mailetcontainer.xml", "logback.xml", "healthcheck.properties")) {
                Files.writeString(conf.resolve(name), mutated(Files.readString(conf.resolve(name)), random, mutations));
            }
            check(conf, random.nextBoolean() ? "mail.sender.example" : null);
        } finally {
            delete(conf);
        }
    }

    private static void check(Path conf, String helo) throws Exception {
        Map<String, String> before = InstallationTest.files(conf);
        Path copies;
        try {
            Plan plan = Installation.plan(InstallationTest.options(conf, helo), Optional.empty());
            if (plan.isEmpty()) {
                return;
            }
            copies = Backup.apply(plan);
        } catch (Refusal refusal) {
            assertThat(refusal.findings()).isNotEmpty().allMatch(finding -> !finding.remedy().isBlank());
            assertThat(InstallationTest.files(conf)).isEqualTo(before);
            return;
        }
        Map<String, String> after = InstallationTest.files(conf);
        for (String name : List.of("mailetcontainer.xml", "logback.xml")) {
            parser().parse(conf.resolve(name).toFile());
        }
        List<String> kept;
        try (Stream<Path> files = Files.walk(copies.resolve("before"))) {
            kept = files.filter(Files::isRegularFile).map(file -> file.getFileName().toString().replaceFirst("^\\d+-", "")).toList();
        }
        assertThat(kept).containsAll(before.keySet().stream().filter(name -> !before.get(name).equals(after.get(name))).toList());
        assertThat(Installation.plan(InstallationTest.options(conf, helo), Optional.empty()).isEmpty()).isTrue();

        Backup.applyRevert(Backup.revert(conf));
        assertThat(InstallationTest.files(conf)).isEqualTo(before);
    }

    private static String mutated(String text, Random random, int mutations) {
        StringBuilder changed = new StringBuilder(text);
        for (int i = 0; i < mutations; i++) {
            int at = random.nextInt(changed.length());
            String piece = PIECES.get(random.nextInt(PIECES.size()));
            switch (random.nextInt(4)) {
                case 0 -> changed.delete(at, Math.min(changed.length(), at + 1 + random.nextInt(20)));
                case 1 -> changed.insert(at, piece);
                // where an element may stand, so that most results are XML
                case 2 -> changed.insert(changed.indexOf("\n", at) + 1, piece);
                default -> {
                    int other = random.nextInt(changed.length());
                    changed.insert(at, changed.substring(other, Math.min(changed.length(), other + random.nextInt(80))));
                }
            }
        }
        return changed.toString();
    }

    private static DocumentBuilder parser() throws Exception {
        DocumentBuilder parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        parser.setErrorHandler(null);
        return parser;
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
