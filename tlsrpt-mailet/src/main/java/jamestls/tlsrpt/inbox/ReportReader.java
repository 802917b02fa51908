package jamestls.tlsrpt.inbox;

import com.fasterxml.jackson.databind.JsonNode;
import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.rua.Address;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.dkim.DkimVerifier.Verdict;
import jamestls.tlsrpt.inbox.ReceivedReport.Element;
import jamestls.tlsrpt.inbox.ReceivedReport.Failure;
import jamestls.tlsrpt.inbox.ReceivedReport.Head;
import jamestls.tlsrpt.inbox.ReceivedReport.Sender;
import jamestls.tlsrpt.inbox.ReceivedReport.Trust;
import jamestls.tlsrpt.report.MimeEntity;
import jamestls.tlsrpt.report.ReceivedFile;
import jamestls.tlsrpt.report.ReportCheck;
import jamestls.tlsrpt.store.JdbcValues;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads reports from mails of strangers. The grammar is {@link ReportCheck}, as for {@code lint}; what deviates from it is noted, and is an
 * obstacle only if nothing could be counted. Most reports of large senders deviate in some point.
 */
public final class ReportReader {

    /** Maximum size of a mail in octets; RFC 8460 §5.2 gives 10 MB as a usual limit of receivers. */
    public static final int MAX_MAIL = 10 << 20;
    static final int MAX_INFLATED = 16 << 20;
    static final ReportCheck.Bounds BOUNDS = new ReportCheck.Bounds(32, 500_000, 1_000, 10_000);

    private static final int MAX_NOTES = 20;
    private static final int MAX_NOTE = 200;
    private static final int MAX_ID = 300;
    private static final int MAX_NAME = 255;
    private static final int MAX_REASON = 300;
    private static final Pattern RESULT_TYPE = Pattern.compile("[a-z0-9-]{1,64}");
    private static final Pattern ANGLE_ADDRESS = Pattern.compile("<([^<>\\s]{3,254})>[^<>]*$");
    private static final Pattern LEAP_SECOND = Pattern.compile("(T[0-9]{2}:[0-9]{2}:)60");

    private static final int MAX_VERIFICATIONS = 8;
    private static final Duration PERMIT_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration DKIM_TIMEOUT = Duration.ofSeconds(10);
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(ReportReader.class);

    private final OwnDomains own;
    private final DkimVerifier dkim;
    private final Duration dkimTimeout;
    /** Fewer than James has threads for mails, so that slow DNS servers of strangers can't stop all of them. */
    private final Semaphore verifications = new Semaphore(MAX_VERIFICATIONS, true);
    /** One at a time, because a large report needs several times its size in memory. */
    private final Semaphore permit = new Semaphore(1);

    public ReportReader(OwnDomains own, DkimVerifier dkim) {
        this(own, dkim, DKIM_TIMEOUT);
    }

    /** @param dkimTimeout for all signatures of a mail */
    ReportReader(OwnDomains own, DkimVerifier dkim, Duration dkimTimeout) {
        this.own = own;
        this.dkim = dkim;
        this.dkimTimeout = dkimTimeout;
    }

    /**
     * Reads a mail.
     *
     * @param mail header and body
     * @throws Unreadable if there is no report that can be counted
     */
    public ReceivedReport read(byte[] mail) throws Unreadable {
        Content content = parsed(mail);
        List<String> notes = new ArrayList<>(content.notes);
        Sender sender = sender(mail, content, notes);
        List<String> clean = notes.stream().map(note -> Sanitized.ascii(note, MAX_NOTE)).distinct().limit(MAX_NOTES).toList();
        return new ReceivedReport(sender, content.head, content.elements, content.hash, clean);
    }

    /** What is in a report, before it is known who sent it. */
    private record Content(Head head, List<Element> elements, byte[] hash, List<String> notes, MimeEntity header) {
    }

    private Content parsed(byte[] mail) throws Unreadable {
        permit.acquireUninterruptibly();
        try {
            MimeEntity entity = MimeEntity.of(mail);
            ReceivedFile file = ReceivedFile.ofMail(mail, MAX_INFLATED);
            if (file.json().length == 0) {
                throw new Unreadable(file.problems().isEmpty() ? "the report is empty" : file.problems().getLast());
            }
            Collector collector = new Collector(DomainName.parse(entity.header("tls-report-domain"))
                .filter(domain -> !entity.repeated().contains("tls-report-domain")));
            ReportCheck.Checked checked = ReportCheck.check(file.json(), BOUNDS, collector);
            if (checked.obstacle().isPresent()) {
                throw new Unreadable(checked.obstacle().get());
            }
            List<Element> elements = collector.elements();
            byte[] hash = JdbcValues.hash((Object) file.json());
            Head head = collector.head(hash);
            if (elements.isEmpty()) {
                throw new Unreadable(own.names().isEmpty() ? "no ownDomains are configured" : collector.otherDomain
                    .map(domain -> "it is about " + domain + ", which is not in ownDomains")
                    .orElse("it has no policy that can be counted"));
            }
            List<String> notes = new ArrayList<>(file.problems());
            notes.addAll(checked.problems());
            notes.addAll(collector.notes);
            return new Content(head, elements, hash, notes, new MimeEntity(entity.headers(), entity.repeated(), ""));
        } finally {
            permit.release();
        }
    }

    private Sender sender(byte[] mail, Content content, List<String> notes) throws Unreadable {
        MimeEntity header = content.header;
        Optional<DomainName> author = author(header).map(Address::domainOf);
        if (author.isPresent() && !header.repeated().contains("from")) {
            switch (verdict(mail, author.get())) {
                case Verdict.Valid valid -> {
                    notes.addAll(valid.notes());
                    return new Sender(Trust.VERIFIED, valid.signer());
                }
                case Verdict.Invalid invalid -> notes.add("not verified: " + invalid.fault().word());
                case Verdict.Unknown unknown -> notes.add("not verified: " + unknown.reason());
            }
        } else {
            notes.add("not verified: there is not exactly one author");
        }
        DomainName claimed = author.or(() -> Address.canonical(content.head.contact()).map(Address::domainOf))
            .or(() -> DomainName.parse(header.header("tls-report-submitter")))
            .orElseThrow(() -> new Unreadable("the mail does not say who sent it"));
        return new Sender(Trust.UNVERIFIED, claimed);
    }

    /** Verifies the mail in bounded time: its keys are in the DNS of a stranger, and mails of others wait behind it. */
    private Verdict verdict(byte[] mail, DomainName author) {
        FutureTask<Verdict> verification = new FutureTask<>(() -> dkim.verifyReceived(mail, author));
        try {
            if (!verifications.tryAcquire(PERMIT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                return new Verdict.Unknown("too many signatures are verified at the same time");
            }
            try {
                Thread.ofVirtual().name("tlsinbox-signature").start(verification);
                return verification.get(dkimTimeout.toMillis(), TimeUnit.MILLISECONDS);
            } finally {
                verification.cancel(true);
                verifications.release();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Verdict.Unknown("James stops");
        } catch (TimeoutException e) {
            return new Verdict.Unknown("the key was not found within " + dkimTimeout);
        } catch (ExecutionException e) {
            LOGGER.error("tlsinbox: unexpected error while a signature of {} was verified", author, e.getCause());
            return new Verdict.Unknown("unexpected error: " + e.getCause().getClass().getSimpleName());
        }
    }

    private static Optional<String> author(MimeEntity header) {
        String from = header.header("from");
        if (from.length() > 2 * MAX_REASON) {
            return Optional.empty();
        }
        Matcher angle = ANGLE_ADDRESS.matcher(from);
        return Address.canonical(angle.find() ? angle.group(1) : from.strip());
    }

    /** Collects what can be counted, leniently. */
    private final class Collector implements ReportCheck.Visitor {

        private final Optional<DomainName> domainOfMail;
        private final List<Element> elements = new ArrayList<>();
        private final List<String> notes = new ArrayList<>();
        private Optional<DomainName> otherDomain = Optional.empty();
        private JsonNode report;

        Collector(Optional<DomainName> domainOfMail) {
            this.domainOfMail = domainOfMail;
        }

        @Override
        public void policy(JsonNode element) {
            JsonNode policy = element.path("policy");
            Optional<PolicyType> type = Arrays.stream(PolicyType.values())
                .filter(each -> each.wireName().equals(policy.path("policy-type").asText())).findFirst();
            if (type.isEmpty()) {
                notes.add("a policy of unknown type is not counted");
                return;
            }
            // some senders leave it out if no policy was found
            Optional<DomainName> named = policy.path("policy-domain").isMissingNode() ? domainOfMail
                : DomainName.parse(policy.path("policy-domain").asText());
            Optional<DomainName> ours = named.flatMap(own::of);
            if (ours.isEmpty()) {
                otherDomain = named;
                return;
            }
            List<Failure> details = details(element.path("failure-details"));
            JsonNode summary = element.path("summary");
            long detailed = Math.min(ReceivedReport.MAX_SESSIONS, details.stream().mapToLong(Failure::sessions).sum());
            long failures = summary.path("total-failure-session-count").isMissingNode() ? detailed
                : count(summary.path("total-failure-session-count"));
            elements.add(new Element(ours.get(), named.get(), type.get(), count(summary.path("total-successful-session-count")), failures,
                details));
        }

        @Override
        public void head(JsonNode members) {
            report = members;
        }

        /**
         * The elements. A report that is only about names below a domain of ours, as MX hosts get them (RFC 8460 §4.4), counts for these
         * names: its sessions are in the report of the domain, too.
         */
        List<Element> elements() {
            boolean aboutHosts = elements.stream().noneMatch(each -> each.policyDomain().equals(each.domain()));
            return !aboutHosts ? elements : elements.stream().map(each ->
                new Element(each.policyDomain(), each.policyDomain(), each.type(), each.successes(), each.failures(), each.details()))
                .toList();
        }

        Head head(byte[] hash) throws Unreadable {
            JsonNode range = report.path("date-range");
            Instant start = time(range.path("start-datetime")).orElseThrow(() -> new Unreadable("date-range is missing or not valid"));
            Instant end = time(range.path("end-datetime")).filter(each -> !each.isBefore(start)).orElse(start);
            String id = text(report.path("report-id"), MAX_ID);
            return new Head(id.isEmpty() ? HexFormat.of().formatHex(hash) : id, text(report.path("organization-name"), MAX_NAME),
                text(report.path("contact-info"), MAX_NAME), start, end);
        }

        private static List<Failure> details(JsonNode array) {
            List<Failure> details = new ArrayList<>();
            for (JsonNode detail : array) {
                String type = text(detail.path("result-type"), MAX_NAME).toLowerCase(Locale.ROOT);
                details.add(new Failure(RESULT_TYPE.matcher(type).matches() ? type : "unknown",
                    host(text(detail.path("receiving-mx-hostname"), MAX_NAME)), text(detail.path("receiving-ip"), MAX_NAME),
                    text(detail.path("sending-mta-ip"), MAX_NAME), text(detail.path("failure-reason-code"), MAX_REASON),
                    count(detail.path("failed-session-count"))));
            }
            return details;
        }

        private static String host(String text) {
            return DomainName.parse(text).map(DomainName::ascii).orElse(text);
        }

        private static String text(JsonNode node, int max) {
            return node.isTextual() ? Sanitized.ascii(node.textValue(), max) : "";
        }

        private static long count(JsonNode node) {
            return node.isIntegralNumber() ? Math.clamp(node.longValue(), 0, ReceivedReport.MAX_SESSIONS) : 0;
        }
    }

    /** A time, with or without offset; without one it is UTC. */
    static Optional<Instant> time(JsonNode node) {
        String text = LEAP_SECOND.matcher(node.asText().toUpperCase(Locale.ROOT)).replaceFirst("$159");
        try {
            return Optional.of(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException withoutOffset) {
            try {
                return Optional.of(LocalDateTime.parse(text).toInstant(ZoneOffset.UTC));
            } catch (DateTimeException notOne) {
                return Optional.empty();
            }
        }
    }
}
