package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.met;
import static jamestls.tlsrpt.Samples.peer;
import static jamestls.tlsrpt.Samples.sts;
import static jamestls.tlsrpt.Samples.tlsa;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.TlsOutcomes;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.tlsrpt.Vectors;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class TallyTest {

    private final RecordingMetricFactory metrics = new RecordingMetricFactory();
    private final MemoryTallyStore store = new MemoryTallyStore(TallyLimits.DEFAULT);
    private final OutcomeJournal journal = new OutcomeJournal(store, metrics, Clock.systemUTC());

    @AfterEach
    void close() {
        journal.close();
    }

    @Test
    void sessionShouldCountOnceForEachPolicyEvaluated() {
        journal.record(List.of(new TlsOutcome(NOON, RCPT, peer(), List.of(
            new PolicyVerdict.Met(tlsa()),
            new PolicyVerdict.Violated(sts(), List.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, "self-signed")))))));

        DomainTally counted = claim();
        assertThat(counted.sessions()).isEqualTo(1);
        assertThat(counted.failedSessions()).isEqualTo(1);
        assertThat(counted.policies()).extracting(PolicyTally::policy, PolicyTally::successes, PolicyTally::failures)
            .containsExactlyInAnyOrder(
                tuple(tlsa(), 1L, 0L),
                tuple(sts(), 0L, 1L));
    }

    @Test
    void severalViolationsShouldBeOneFailedSessionWithSeveralDetails() {
        Violation expired = new Violation(ResultType.CERTIFICATE_EXPIRED, "");
        journal.record(List.of(new TlsOutcome(NOON, RCPT, peer(), List.of(new PolicyVerdict.Violated(sts(),
            List.of(expired, new Violation(ResultType.CERTIFICATE_HOST_MISMATCH, ""), expired))))));

        PolicyTally policy = claim().policies().getFirst();
        assertThat(policy.failures()).isEqualTo(1);
        assertThat(policy.details()).hasSize(2).allSatisfy((key, count) -> assertThat(count).isEqualTo(1));
    }

    @TestFactory
    Stream<DynamicTest> sessionShouldBelongToTheUtcDayInWhichItEnded() {
        return Stream.of("midnight", "last-millisecond", "local-tz-irrelevant").map(name -> DynamicTest.dynamicTest(name, () -> {
            JsonNode vector = Vectors.one("aggregation", name);
            JsonNode input = vector.path("input");
            Instant end = Instant.parse(input.path(input.has("end") ? "end" : "utc").asText());
            assertThat(TallyKey.of(met(end)).day()).isEqualTo(LocalDate.parse(vector.path("expected").path("day").asText()));
        }));
    }

    @TestFactory
    Stream<DynamicTest> policyShouldHaveOneForm() {
        return Vectors.tests("policy-string", (input, expected) -> {
            if (expected.isArray()) {
                assertThat(canonical(input).policyStrings()).containsExactlyElementsOf(texts(expected));
            } else {
                assertThat(canonical(input.path(0))).isEqualTo(canonical(input.path(1)));
            }
        });
    }

    @Test
    void outcomesShouldBeCountedInMetrics() {
        journal.record(List.of(met(NOON), met(NOON, DomainName.of("other.example"))));

        assertThat(metrics.countFor("tlsOutcomesRecorded")).isEqualTo(2);
        assertThat(metrics.countFor("tlsOutcomesDropped")).isZero();
    }

    @Test
    void publishedOutcomesShouldReachTheStore() {
        TlsOutcomes outcomes = new TlsOutcomes();
        outcomes.subscribe(journal);
        outcomes.record(List.of(met(NOON), met(NOON)));
        outcomes.unsubscribe(journal);
        outcomes.record(List.of(met(NOON)));

        assertThat(claim().sessions()).isEqualTo(2);
    }

    private DomainTally claim() {
        return store.claim(new TallyKey(LocalDate.of(2026, 3, 1), RCPT), Due.everything(NOON)).orElseThrow().tally();
    }

    /** The policy of a test vector: text of an STS policy, or records of a TLSA set. */
    private static AppliedPolicy canonical(JsonNode policy) {
        PolicyType type = policy.isArray() ? PolicyType.TLSA : PolicyType.STS;
        List<String> strings = policy.isArray() ? texts(policy) : List.of(policy.asText());
        return Tally.canonical(new AppliedPolicy(type, RCPT, strings, List.of()));
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(text -> texts.add(text.asText()));
        return texts;
    }
}
