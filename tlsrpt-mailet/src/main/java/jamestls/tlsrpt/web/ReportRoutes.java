package jamestls.tlsrpt.web;

import jakarta.inject.Inject;
import jamestls.cli.Json;
import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import jamestls.storage.Database;
import jamestls.tlsrpt.Reporting;
import jamestls.tlsrpt.ReportingService;
import jamestls.tlsrpt.cli.CountedDays;
import jamestls.web.AdminRoutes;
import jamestls.web.CrossSiteCheck;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import org.apache.james.task.TaskId;
import org.apache.james.task.TaskManager;
import org.apache.james.webadmin.utils.ErrorResponder.ErrorType;
import spark.Request;
import spark.Response;
import spark.Service;

/**
 * The routes {@code GET /tls/reports}, which shows counts and delivery records, and {@code POST /tls/reports?action=send}, which sends the
 * reports of all finished days, or of one day, as a task of James.
 */
public final class ReportRoutes extends AdminRoutes {

    static final String BASE = "/tls/reports";
    private static final int DEFAULT_LIMIT = 100;
    private static final int MAX_LIMIT = 1_000;
    private static final int MAX_VALUE = 40;
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(ReportRoutes.class);

    private final ReportingService service;
    private final TaskManager tasks;
    private final Clock clock;

    @Inject
    public ReportRoutes(ReportingService service, TaskManager tasks, CrossSiteCheck crossSite, Clock clock) {
        super(BASE, crossSite);
        this.service = service;
        this.tasks = tasks;
        this.clock = clock;
    }

    @Override
    public void define(Service spark) {
        spark.get(BASE, reading(this::show));
        spark.post(BASE, writing(this::send));
    }

    private Object show(Request request, Response response) {
        onlyParameters(request, "day", "domain", "limit");
        Optional<DomainName> domain = parameter(request, "domain").map(AdminRoutes::domain);
        CountedDays.Filter filter = new CountedDays.Filter(day(request), domain, limit(request));
        Reporting reporting = reporting();
        Database database = reporting.database().orElseThrow(() -> error(409, ErrorType.WRONG_STATE,
            "The counts are in memory (parameter database of TlsReporting) and can't be shown."));
        return CountedDays.read(database, filter, reporting.destinations().mostPerHost(), clock.instant()).json();
    }

    private Object send(Request request, Response response) {
        onlyParameters(request, "action", "day");
        if (!parameter(request, "action").equals(Optional.of("send"))) {
            throw badRequest("The query parameter action must be send.");
        }
        Optional<LocalDate> day = day(request);
        if (day.isPresent() && day.get().isAfter(clock.instant().atZone(ZoneOffset.UTC).toLocalDate())) {
            throw badRequest("day must not be in the future (UTC).");
        }
        reporting();
        TaskId task = tasks.submit(new SendReportsTask(service, clock, day));
        LOGGER.info("tlsreport: {} requested the reports of {}: task {}", who(request),
            day.map(LocalDate::toString).orElse("all days that are over"), task.asString());
        response.status(201);
        response.header("Location", "/tasks/" + task.asString());
        return Json.object("taskId", task.asString());
    }

    private Reporting reporting() {
        return service.running()
            .orElseThrow(() -> error(503, ErrorType.WRONG_STATE, "No TlsReporting has started in this server."));
    }

    private static Optional<LocalDate> day(Request request) {
        return parameter(request, "day").map(value -> {
            try {
                return LocalDate.parse(value);
            } catch (DateTimeParseException e) {
                throw badRequest("'" + Sanitized.ascii(value, MAX_VALUE) + "' is not a day: write it as 2026-11-26.");
            }
        });
    }

    private static int limit(Request request) {
        return parameter(request, "limit").map(value -> {
            if (!value.matches("[0-9]{1,4}") || Integer.parseInt(value) < 1 || Integer.parseInt(value) > MAX_LIMIT) {
                throw badRequest("limit is a number from 1 to " + MAX_LIMIT + ".");
            }
            return Integer.parseInt(value);
        }).orElse(DEFAULT_LIMIT);
    }
}
