package jamestls.tlsrpt.collect;

import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.peer;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.CountedSession;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.tlsrpt.collect.CountingRules.MxHosts;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.MemoryTallyStore;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks every row of the table in docs/reference/counting.md, from outcomes to counts. */
class CountingTest {

    private static final Path PAGE = Path.of("../docs/reference/counting.md");
    private static final DomainName MX = name("mx");
    private static final Map<DomainName, DomainName> SUBMITTERS = Map.of(name("corp"), name("corp"));

    private final MemoryTallyStore store = new MemoryTallyStore(TallyLimits.DEFAULT);
    private final Map<String, CountedSession> connections = new HashMap<>();

    /** A row of the table. */
    record Row(String title, String outcomes, String reports) {
        @Override
        public String toString() {
            return title;
        }
    }

    static List<Row> rows() throws IOException {
        try (Stream<String> lines = Files.lines(PAGE)) {
            return lines.map(line -> line.split("\\|", -1)).filter(cells -> cells.length == 5 && !cells[1].startsWith("---"))
                .map(cells -> new Row(cells[1].strip(), cells[2].replace("`", "").strip(), cells[3].replace("`", "").strip()))
                .filter(row -> !row.title().equals("case")).toList();
        }
    }

    @Test
    void documentShouldHaveItsTable() throws IOException {
        assertThat(rows()).hasSizeGreaterThan(20);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void outcomesShouldCountAsDocumented(Row row) {
        try (OutcomeJournal journal = new OutcomeJournal(store, new RecordingMetricFactory(), Clock.systemUTC())) {
            CountingRules rules = new CountingRules(SUBMITTERS, MxHosts.REPORTED, journal);
            parts(row.outcomes()).forEach(outcome -> rules.record(List.of(outcome(outcome))));
        }

        assertThat(counted()).containsExactlyInAnyOrderElementsOf(parts(row.reports()).stream().map(CountingTest::inOrder).toList());
    }

    @Test
    void mxHostsShouldHaveNoReportIfReportToMxHostsIsFalse() {
        List<TlsOutcome> counted = new ArrayList<>();
        TlsOutcome outcome = outcome("c1 x tlsa+");

        new CountingRules(Map.of(), MxHosts.NOT_REPORTED, counted::addAll).record(List.of(outcome));

        assertThat(counted).containsExactly(outcome);
    }

    @Test
    void reportOfAnMxHostShouldNotContainThePoliciesOfRecipients() {
        List<TlsOutcome> counted = new ArrayList<>();

        new CountingRules(Map.of(), MxHosts.REPORTED, counted::addAll).record(List.of(outcome("c1 x tlsa+ sts!certificate-expired")));

        assertThat(counted).hasSize(2);
        assertThat(counted.getLast().recipientDomain()).isEqualTo(MX);
        assertThat(counted.getLast().verdicts()).containsExactly(new PolicyVerdict.Met(policy("tlsa", name("x"))));
        assertThat(counted.getLast().at()).isEqualTo(NOON);
    }

    private TlsOutcome outcome(String text) {
        List<String> words = new ArrayList<>(List.of(text.split(" ")));
        String connection = words.removeFirst();
        DomainName recipient = name(words.removeFirst());
        Optional<DomainName> sending = Optional.empty();
        if (words.getFirst().equals("from")) {
            words.removeFirst();
            sending = Optional.of(name(words.removeFirst()));
        }
        Optional<CountedSession> session = connection.equals("-") ? Optional.empty()
            : Optional.of(connections.computeIfAbsent(connection, fresh -> new CountedSession()));
        return new TlsOutcome(NOON, recipient, session.isPresent() ? peer() : Peer.unknown(),
            words.stream().map(word -> verdict(word, recipient)).toList(), sending, session);
    }

    private static PolicyVerdict verdict(String text, DomainName recipient) {
        if (text.endsWith("+")) {
            return new PolicyVerdict.Met(policy(text.substring(0, text.length() - 1), recipient));
        }
        String[] both = text.split("!");
        return new PolicyVerdict.Violated(policy(both[0], recipient), Arrays.stream(both[1].split(","))
            .map(type -> new Violation(ResultType.ofWireName(type).orElseThrow(), "")).toList());
    }

    private static AppliedPolicy policy(String word, DomainName recipient) {
        return switch (word) {
            case "none" -> AppliedPolicy.none(recipient);
            case "tlsa" -> new AppliedPolicy(PolicyType.TLSA, MX, List.of("3 1 1 0a0b"), List.of());
            default -> new AppliedPolicy(PolicyType.STS, recipient, List.of("version: STSv1", "mode: testing", "x: " + word), List.of());
        };
    }

    private List<String> counted() {
        Due due = Due.everything(NOON);
        List<String> counted = new ArrayList<>();
        for (TallyKey key : store.claimable(due, Optional.empty(), 100)) {
            DomainTally tally = store.claim(key, due).orElseThrow().tally();
            for (PolicyTally policy : tally.policies()) {
                String type = switch (policy.policy().type()) {
                    case TLSA -> "tlsa";
                    case STS -> policy.policy().policyStrings().getLast().substring("x: ".length());
                    case NO_POLICY_FOUND -> "none";
                };
                Map<String, Long> details = new HashMap<>();
                policy.details().forEach((failure, n) -> details.merge(failure.type().wireName(), n, Long::sum));
                counted.add((word(key.domain()) + key.submitter().map(submitter -> " as " + word(submitter)).orElse("") + " " + type + " "
                    + policy.successes() + " " + policy.failures() + " " + details.entrySet().stream()
                    .map(detail -> detail.getKey() + "=" + detail.getValue()).sorted().collect(Collectors.joining(" "))).strip());
            }
        }
        return counted;
    }

    /** The details of a report in the document, in the order of {@link #counted}. */
    private static String inOrder(String report) {
        Map<Boolean, List<String>> words = Arrays.stream(report.split(" ")).collect(Collectors.partitioningBy(word -> word.contains("=")));
        return (String.join(" ", words.get(false)) + " " + words.get(true).stream().sorted().collect(Collectors.joining(" "))).strip();
    }

    private static List<String> parts(String cell) {
        return Arrays.stream(cell.split(";")).map(String::strip).filter(part -> !part.isEmpty()).toList();
    }

    private static DomainName name(String word) {
        return DomainName.of(word + ".example");
    }

    private static String word(DomainName name) {
        return name.ascii().replace(".example", "");
    }
}
