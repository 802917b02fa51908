package jamestls.tlsrpt.web;

import jakarta.inject.Inject;
import jamestls.tlsrpt.ReportingService;
import java.time.Clock;
import java.util.Set;
import org.apache.james.server.task.json.TaskExtensionModule;
import org.apache.james.server.task.json.dto.AdditionalInformationDTO;
import org.apache.james.server.task.json.dto.AdditionalInformationDTOModule;
import org.apache.james.server.task.json.dto.TaskDTO;
import org.apache.james.server.task.json.dto.TaskDTOModule;
import org.apache.james.task.Task;
import org.apache.james.task.TaskExecutionDetails;

/**
 * Registers the JSON form of {@link SendReportsTask}, which James needs to share tasks between servers and to show their progress. In
 * extensions.properties of every server:
 *
 * <pre>
 * guice.extension.task=jamestls.tlsrpt.web.SendReportsTaskModule
 * </pre>
 */
public final class SendReportsTaskModule implements TaskExtensionModule {

    private final ReportingService service;
    private final Clock clock;

    @Inject
    public SendReportsTaskModule(ReportingService service, Clock clock) {
        this.service = service;
        this.clock = clock;
    }

    @Override
    public Set<TaskDTOModule<? extends Task, ? extends TaskDTO>> taskDTOModules() {
        return Set.of(new TaskDTOModule<>((task, type) -> SendReportsTask.Dto.of(task), dto -> dto.task(service, clock),
            SendReportsTask.class, SendReportsTask.Dto.class, SendReportsTask.TYPE.asString()));
    }

    @Override
    public Set<AdditionalInformationDTOModule<? extends TaskExecutionDetails.AdditionalInformation, ? extends AdditionalInformationDTO>>
            taskAdditionalInformationDTOModules() {
        return Set.of(new AdditionalInformationDTOModule<>((details, type) -> SendReportsTask.DetailsDto.of(details),
            SendReportsTask.DetailsDto::details, SendReportsTask.Details.class, SendReportsTask.DetailsDto.class,
            SendReportsTask.TYPE.asString()));
    }
}
