package jamestls.tlsrpt.web;

import jamestls.net.SanitizedLogger;
import jamestls.tlsrpt.Reporting;
import jamestls.tlsrpt.ReportingService;
import jamestls.tlsrpt.send.ReportResult;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.james.server.task.json.dto.AdditionalInformationDTO;
import org.apache.james.server.task.json.dto.TaskDTO;
import org.apache.james.task.Task;
import org.apache.james.task.TaskExecutionDetails;
import org.apache.james.task.TaskType;

/**
 * James task that sends TLS reports. It uses the TlsReporting of the server that runs it, which in a cluster may be another one than the
 * server that got the request. Running it twice sends no report twice, because each day and domain is claimed and settled in the store.
 */
public final class SendReportsTask implements Task {

    static final TaskType TYPE = TaskType.of("send-tls-reports");

    /** Not the one of James's interface, which cleans nothing. */
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(SendReportsTask.class);

    private final ReportingService service;
    private final Clock clock;
    private final Optional<LocalDate> day;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong notSent = new AtomicLong();

    /** @param day a UTC day; empty for all finished days */
    SendReportsTask(ReportingService service, Clock clock, Optional<LocalDate> day) {
        this.service = service;
        this.clock = clock;
        this.day = day;
    }

    @Override
    public Result run() throws InterruptedException {
        Optional<Reporting> reporting = service.running();
        if (reporting.isEmpty()) {
            LOGGER.error("tlsreport: no TlsReporting has started in this server, so the task can't send reports");
            return Result.PARTIAL;
        }
        boolean complete = reporting.get().reportNow().await(day, this::count);
        return complete && notSent.get() == 0 ? Result.COMPLETED : Result.PARTIAL;
    }

    /** Counts a result; a domain without a TLSRPT record is not counted. */
    private void count(ReportResult result) {
        switch (result) {
            case ReportResult.Sent all -> sent.incrementAndGet();
            case ReportResult.NotWanted none -> { }
            default -> notSent.incrementAndGet();
        }
    }

    @Override
    public TaskType type() {
        return TYPE;
    }

    @Override
    public Optional<TaskExecutionDetails.AdditionalInformation> details() {
        return Optional.of(new Details(day, sent.get(), notSent.get(), clock.instant()));
    }

    /**
     * Progress of the task.
     *
     * @param sent number of reports that all destinations accepted
     * @param notSent number of reports that at least one destination did not accept; the log has the reasons
     */
    record Details(Optional<LocalDate> day, long sent, long notSent, Instant timestamp)
        implements TaskExecutionDetails.AdditionalInformation {
    }

    /**
     * JSON form of the task. A bean without annotations, because Jackson's are relocated in our jar, and James's Jackson serializes it.
     */
    public static final class Dto implements TaskDTO {

        private String type;
        private String day;

        static Dto of(SendReportsTask task) {
            Dto dto = new Dto();
            dto.type = TYPE.asString();
            dto.day = task.day.map(LocalDate::toString).orElse(null);
            return dto;
        }

        SendReportsTask task(ReportingService service, Clock clock) {
            return new SendReportsTask(service, clock, Optional.ofNullable(day).map(LocalDate::parse));
        }

        @Override
        public String getType() {
            return type;
        }

        public void setType(String type) {
            this.type = type;
        }

        public String getDay() {
            return day;
        }

        public void setDay(String day) {
            this.day = day;
        }
    }

    /** JSON form of {@link Details}, as {@link Dto}. */
    public static final class DetailsDto implements AdditionalInformationDTO {

        private String type;
        private Instant timestamp;
        private String day;
        private long sent;
        private long notSent;

        static DetailsDto of(Details details) {
            DetailsDto dto = new DetailsDto();
            dto.type = TYPE.asString();
            dto.timestamp = details.timestamp;
            dto.day = details.day.map(LocalDate::toString).orElse(null);
            dto.sent = details.sent;
            dto.notSent = details.notSent;
            return dto;
        }

        Details details() {
            return new Details(Optional.ofNullable(day).map(LocalDate::parse), sent, notSent, timestamp);
        }

        @Override
        public String getType() {
            return type;
        }

        public void setType(String type) {
            this.type = type;
        }

        @Override
        public Instant getTimestamp() {
            return timestamp;
        }

        public void setTimestamp(Instant timestamp) {
            this.timestamp = timestamp;
        }

        public String getDay() {
            return day;
        }

        public void setDay(String day) {
            this.day = day;
        }

        public long getSent() {
            return sent;
        }

        public void setSent(long sent) {
            this.sent = sent;
        }

        public long getNotSent() {
            return notSent;
        }

        public void setNotSent(long notSent) {
            this.notSent = notSent;
        }
    }
}
