package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Plays the table of docs/reference/replies.md. */
class ReplyMatrixTest {

    private static final Path PAGE = Path.of("../docs/reference/replies.md");
    private static final String DOMAIN = "example.org";

    /** A line of the table. */
    record Case(SmtpPhase at, String server, String mail, String status) {
    }

    static List<Case> cases() throws IOException {
        try (Stream<String> lines = Files.lines(PAGE)) {
            return lines.map(line -> line.split("\\|", -1)).filter(cells -> cells.length == 6 && isPhase(cells[1].strip()))
                .map(cells -> new Case(SmtpPhase.valueOf(cells[1].strip()), cells[2].strip(), cells[3].strip(), cells[4].strip())).toList();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void mailShouldFareAsThePageSays(Case line) throws Exception {
        try (TestDelivery internet = new TestDelivery(line.server().equals("is silent") ? Duration.ofSeconds(2) : Duration.ofSeconds(20))) {
            SmtpServer first = internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup).at(line.at(), act(line.server()));
            SmtpServer second = internet.mx(DOMAIN, 2, "mx2.example.org", setup -> setup);

            DeliveryResult result = internet.deliver(DOMAIN);

            boolean elsewhere = line.mail().equals("next host");
            assertThat(second.mails()).hasSize(elsewhere ? 1 : 0);
            assertThat(said(result)).isEqualTo((elsewhere ? "delivered" : line.mail()) + line.status());
            if (line.mail().equals("delivered")) {
                assertThat(first.mails()).hasSize(1);
            }
            internet.release();
        }
    }

    private static String said(DeliveryResult result) {
        List<Failure> failures = switch (result) {
            case DeliveryResult.Answered answered -> List.copyOf(answered.failed().values());
            case DeliveryResult.Deferred deferred -> List.of(deferred.why());
            case DeliveryResult.Refused refused -> List.of(refused.why());
            case DeliveryResult.Postponed postponed -> throw new AssertionError(postponed.why());
        };
        return failures.stream().map(failure -> (failure.isPermanent() ? "bounced"
            : failure.text().contains("may arrive twice") ? "kept, may arrive twice" : "kept") + failure.status())
            .findFirst().orElse("delivered");
    }

    private static SmtpAct act(String server) {
        if (server.startsWith("`")) {
            SmtpAct words = SmtpAct.say(server.substring(1, server.lastIndexOf('`')));
            return server.endsWith("then hangs up") ? words.then(SmtpAct.Then.CLOSE) : words;
        }
        return switch (server) {
            case "hangs up" -> SmtpAct.drop();
            case "is silent" -> SmtpAct.stall();
            case "a line without end" -> SmtpAct.sayBytes("x".repeat(1_000).getBytes()).then(SmtpAct.Then.REPEAT);
            case "a reply without end" -> SmtpAct.flood("250-and so on");
            default -> throw new IllegalArgumentException(server);
        };
    }

    private static boolean isPhase(String word) {
        return Stream.of(SmtpPhase.values()).anyMatch(phase -> phase.name().equals(word));
    }
}
