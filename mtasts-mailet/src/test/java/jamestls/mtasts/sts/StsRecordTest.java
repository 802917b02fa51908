package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import jamestls.mtasts.Vectors;
import jamestls.mtasts.Vectors.Vector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class StsRecordTest {

    static List<Vector> vectors() {
        return Vectors.of("txt_record");
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void verdictShouldBeThatOfTheVector(Vector vector) {
        StsRecord record = StsRecord.of(recordSet(vector.input()));

        if (vector.expected().path("result").asText().equals("accept")) {
            assertThat(record).isInstanceOf(StsRecord.Valid.class);
            if (vector.expected().has("id")) {
                assertThat(record).isEqualTo(new StsRecord.Valid(vector.expected().get("id").asText()));
            }
        } else {
            assertThat(vector.expected().path("result").asText()).isEqualTo("reject");
            assertThat(record).isNotInstanceOf(StsRecord.Valid.class);
        }
    }

    private static List<String> recordSet(JsonNode input) {
        List<String> records = new ArrayList<>();
        if (input.has("txt_chunks")) {
            StringBuilder joined = new StringBuilder();
            input.get("txt_chunks").forEach(chunk -> joined.append(chunk.asText()));
            records.add(joined.toString());
        } else if (input.has("txt_rrset")) {
            input.get("txt_rrset").forEach(record -> records.add(record.asText()));
        } else {
            records.add(input.get("txt").asText());
        }
        return records;
    }

    @Test
    void recordsOfOthersShouldNotCount() {
        assertThat(StsRecord.of(List.of("v=spf1 -all", "v=STSv10; id=2", "v=STSv1; id=1", "v=STSv1")))
            .isEqualTo(new StsRecord.Valid("1"));
    }

    @Test
    void noRecordShouldBeNone() {
        assertThat(StsRecord.of(List.of())).isEqualTo(new StsRecord.None());
        assertThat(StsRecord.of(List.of("v=spf1 -all"))).isEqualTo(new StsRecord.None());
    }

    @Test
    void twoRecordsShouldBeInvalidThoughOneOfThemIsMalformed() {
        // RFC 8461 §3.1: the number is taken after dropping what does not begin with v=STSv1; and before looking further
        assertThat(StsRecord.of(List.of("v=STSv1; id=1", "v=STSv1; id=?"))).isInstanceOf(StsRecord.Invalid.class);
    }

    @Test
    void firstOfTwoIdsShouldCount() {
        assertThat(StsRecord.of(List.of("v=STSv1; id=1; id=2"))).isEqualTo(new StsRecord.Valid("1"));
        assertThat(StsRecord.of(List.of("v=STSv1; id=1; id=not-an-id"))).isEqualTo(new StsRecord.Valid("1"));
        assertThat(StsRecord.of(List.of("v=STSv1; id=not-an-id; id=1"))).isInstanceOf(StsRecord.Invalid.class);
    }

    @Test
    void idShouldNotHaveToComeFirst() {
        assertThat(StsRecord.of(List.of("v=STSv1 ;x=y\t;\tid=20260101T000000Z\t ; "))).isEqualTo(new StsRecord.Valid("20260101T000000Z"));
    }

    @Test
    void idAndNamesShouldHaveUpTo32Characters() {
        // RFC 8461 §3.1, sts-id and sts-ext-name
        String longest = "a".repeat(32);

        assertThat(StsRecord.of(List.of("v=STSv1; id=" + longest + "; " + longest + "=x"))).isEqualTo(new StsRecord.Valid(longest));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "v=STSv1; id=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "v=STSv1; id=1; _x=y",
        "v=STSv1; id=",
        "v=STSv1; ID=1",
        "v=STSv1; id =1",
        "v=STSv1; id= 1",
        "v=STSv1;; id=1",
        "v=STSv1; id=1; =x",
        "v=STSv1; id=1; x=",
        "v=STSv1; id=1; x",
        "v=STSv1; id=1; x=a=b",
        "v=STSv1; id=1; abcdefghijklmnopqrstuvwxyz0123456=x",
        "v=STSv1; id=1; x=\u0001",
        "v=STSv1; id=é",
        "v=STSv1; id=1\n"})
    void malformedRecordShouldBeInvalid(String txt) {
        assertThat(StsRecord.of(List.of(txt))).isInstanceOf(StsRecord.Invalid.class);
    }

    @Test
    void recordShouldHaveUpTo4096Characters() {
        String begin = "v=STSv1; id=1; x=";
        String longest = begin + "y".repeat(4096 - begin.length());

        assertThat(StsRecord.of(List.of(longest))).isEqualTo(new StsRecord.Valid("1"));
        assertThat(StsRecord.of(List.of(longest + "y"))).isInstanceOf(StsRecord.Invalid.class);
    }
}
