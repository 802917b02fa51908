package jamestls.tlsrpt.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.outcome.TlsOutcomes;
import jamestls.page.PageContents;
import jamestls.tlsrpt.ReportingService;
import jamestls.tlsrpt.Samples;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.james.server.task.json.JsonTaskAdditionalInformationSerializer;
import org.apache.james.server.task.json.JsonTaskSerializer;
import org.apache.james.server.task.json.dto.AdditionalInformationDTOModule;
import org.apache.james.task.Task;
import org.apache.james.task.TaskExecutionDetails.AdditionalInformation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** As a distributed James writes tasks down for another server. */
class SendReportsTaskModuleTest {

    private final Clock clock = Clock.fixed(Samples.NOON, ZoneOffset.UTC);
    private final ReportingService service = new ReportingService(new TlsOutcomes(), new PageContents());
    private final SendReportsTaskModule module = new SendReportsTaskModule(service, clock);

    static Stream<Optional<LocalDate>> days() {
        return Stream.of(Optional.empty(), Optional.of(Samples.DAY));
    }

    @ParameterizedTest
    @MethodSource("days")
    void taskShouldComeBackAsItWas(Optional<LocalDate> day) throws Exception {
        JsonTaskSerializer serializer = new JsonTaskSerializer(module.taskDTOModules());
        Task task = new SendReportsTask(service, clock, day);

        String json = serializer.serialize(task);

        assertThat(new ObjectMapper().readTree(json).at("/type").asText()).isEqualTo("send-tls-reports");
        Task back = serializer.deserialize(json);
        assertThat(back).isInstanceOf(SendReportsTask.class);
        assertThat(back.details()).isEqualTo(task.details());
        assertThat(back.run()).as("no mailet runs").isEqualTo(Task.Result.PARTIAL);
    }

    @ParameterizedTest
    @MethodSource("days")
    void detailsShouldComeBackAsTheyWere(Optional<LocalDate> day) throws Exception {
        JsonTaskAdditionalInformationSerializer serializer = JsonTaskAdditionalInformationSerializer.of(
            module.taskAdditionalInformationDTOModules().toArray(AdditionalInformationDTOModule[]::new));
        AdditionalInformation details = new SendReportsTask.Details(day, 3, 1, Samples.NOON);

        assertThat(serializer.deserialize(serializer.serialize(details))).isEqualTo(details);
    }
}
