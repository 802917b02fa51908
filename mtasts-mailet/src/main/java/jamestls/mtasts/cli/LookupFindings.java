package jamestls.mtasts.cli;

import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.sts.PolicyFetcher;
import jamestls.mtasts.sts.PolicyFetcher.FetchResult;
import jamestls.mtasts.sts.PolicyLint.LintNote;
import jamestls.mtasts.sts.RecordLint;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.mtasts.sts.StsRecord;
import jamestls.net.Sanitized;
import jamestls.outcome.Violation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;

/**
 * The result of {@code lookup}, as text and as JSON.
 *
 * @param policy the result of the fetch; empty without a valid TXT record
 * @param hosts the hosts named on the command line, or the MX hosts
 * @param mxProblem why there are no hosts; empty if there are
 */
record LookupFindings(DomainName domain, Timed<TxtRecords> record, Optional<Timed<FetchResult>> policy, List<DomainName> hosts,
                      String mxProblem) {

    /** The result of a step, and how long it took. */
    record Timed<T>(T value, Duration took) {

        static <T> Timed<T> of(Supplier<T> step) {
            long begun = System.nanoTime();
            T value = step.get();
            return new Timed<>(value, Duration.ofNanos(System.nanoTime() - begun));
        }

        String elapsed() {
            return "(" + took.toMillis() + " ms)";
        }
    }

    /**
     * The TXT records at {@code _mta-sts.DOMAIN}.
     *
     * @param error why the look-up failed; empty if it did not
     */
    record TxtRecords(List<String> records, RecordLint lint, String error) {

        static TxtRecords found(List<String> records) {
            return new TxtRecords(records, RecordLint.of(records), "");
        }

        static TxtRecords unknown(String error) {
            return new TxtRecords(List.of(), RecordLint.of(List.of()), error);
        }

        /** Whether one of the records starts as an MTA-STS record. Unrelated records may come from a wildcard. */
        boolean hasStsRecord() {
            return !(StsRecord.of(records) instanceof StsRecord.None);
        }
    }

    static LookupFindings of(DomainName domain, List<DomainName> named, Dns dns, PolicyFetcher fetcher) {
        Timed<TxtRecords> record = Timed.of(() -> records(domain, dns));
        boolean published = record.value().lint().id().isPresent();
        Optional<Timed<FetchResult>> policy = published ? Optional.of(Timed.of(() -> fetcher.fetch(domain))) : Optional.empty();
        if (!named.isEmpty()) {
            return new LookupFindings(domain, record, policy, named, "");
        }
        return switch (new Destinations(dns, new Random()).find(domain)) {
            case Destination.Hosts hosts when isImplicit(hosts, domain) && dns.addresses(domain) instanceof DnsAnswer.Absent<?> ->
                new LookupFindings(domain, record, policy, List.of(), "the domain does not exist or does not accept mail: it has "
                    + "neither MX records nor an address");
            case Destination.Hosts hosts ->
                new LookupFindings(domain, record, policy, hosts.inOrder().stream().map(host -> host.name()).toList(), "");
            case Destination.TakesNoMail none ->
                new LookupFindings(domain, record, policy, List.of(), "the domain does not accept mail (null MX)");
            case Destination.NoHostName none -> new LookupFindings(domain, record, policy, List.of(), none.reason());
            case Destination.LoopsBack loop -> new LookupFindings(domain, record, policy, List.of(loop.ourselves().name()), "");
            case Destination.Unknown unknown -> new LookupFindings(domain, record, policy, List.of(), unknown.reason());
        };
    }

    /** Whether the only host is the domain itself, as without MX records (RFC 5321 §5.1). */
    private static boolean isImplicit(Destination.Hosts hosts, DomainName domain) {
        return hosts.inOrder().size() == 1 && hosts.inOrder().getFirst().name().equals(domain);
    }

    private static TxtRecords records(DomainName domain, Dns dns) {
        return switch (dns.txt(domain.child("_mta-sts"))) {
            case DnsAnswer.Found<String> found -> TxtRecords.found(found.records());
            case DnsAnswer.Absent<String> absent -> TxtRecords.found(List.of());
            case DnsAnswer.Bogus<String> bogus -> TxtRecords.unknown("DNSSEC validation failed: "
                + DnsAnswer.withQuestion("TXT of _mta-sts." + domain, bogus.reason()));
            case DnsAnswer.Failed<String> failed -> TxtRecords.unknown("DNS look-up failed: "
                + DnsAnswer.withQuestion("TXT of _mta-sts." + domain, failed.reason()));
        };
    }

    private Optional<StsPolicy> fetched() {
        return policy.map(Timed::value).flatMap(result -> result instanceof FetchResult.Fetched(StsPolicy valid)
            ? Optional.of(valid) : Optional.empty());
    }

    private Optional<Violation> problem() {
        return policy.map(Timed::value).flatMap(result -> result instanceof FetchResult.Failed failed
            ? Optional.of(failed.problem()) : Optional.empty());
    }

    private boolean lists(DomainName host) {
        return fetched().filter(valid -> valid.lists(host)).isPresent();
    }

    ExitCode exitCode() {
        if (!record.value().error().isEmpty()) {
            return ExitCode.UNKNOWN;
        }
        if (!record.value().hasStsRecord()) {
            return ExitCode.NOTHING;
        }
        if (fetched().isEmpty()) {
            return ExitCode.PROBLEM;
        }
        if (fetched().get().mode() == StsPolicy.Mode.NONE) {
            return ExitCode.OK;
        }
        if (hosts.isEmpty()) {
            return ExitCode.UNKNOWN;
        }
        return hosts.stream().allMatch(this::lists) ? ExitCode.OK : ExitCode.PROBLEM;
    }

    private String verdict() {
        return switch (exitCode()) {
            case UNKNOWN -> !record.value().error().isEmpty() ? "the TXT record could not be looked up; a cached policy would apply"
                : "the mail hosts could not be looked up";
            case NOTHING -> "no MTA-STS: mail is sent with TLS if the host offers it, without authentication";
            case PROBLEM -> fetched().isEmpty() ? "no usable policy: a cached one would apply, else mail is sent as without MTA-STS"
                : fetched().get().mode() == StsPolicy.Mode.ENFORCE ? "hosts that do not match get no mail"
                : "hosts that do not match get mail, and the failure is reported";
            default -> switch (fetched().map(StsPolicy::mode).orElse(StsPolicy.Mode.NONE)) {
                case ENFORCE -> "mail is sent to these hosts only, with a verified certificate";
                case TESTING -> "mail is sent in any case; failures are reported";
                case NONE -> "the policy is withdrawn (mode none): mail is sent as without MTA-STS";
            };
        };
    }

    /** The output as text. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(domain.ascii());
        lines.add("  record   " + recordLine() + " " + record.elapsed());
        if (record.value().hasStsRecord()) {
            for (LintNote note : record.value().lint().problems()) {
                lines.add("           " + note.text() + " -> " + note.remedy());
            }
        }
        policy.ifPresent(fetch -> lines.add("  policy   "
            + fetched().map(PolicyText::of).or(() -> problem().map(Violation::toString)).orElse("") + " " + fetch.elapsed()));
        hosts.forEach(host -> lines.add("  mx       " + host + matchText(host)));
        if (hosts.isEmpty()) {
            lines.add("  mx       " + mxProblem);
        }
        lines.add("  verdict  " + verdict());
        return lines;
    }

    private String matchText(DomainName host) {
        boolean judged = fetched().filter(valid -> valid.mode() != StsPolicy.Mode.NONE).isPresent();
        return !judged ? "" : lists(host) ? ": matches" : ": does not match";
    }

    private String recordLine() {
        TxtRecords found = record.value();
        if (!found.error().isEmpty()) {
            return found.error();
        }
        return found.records().isEmpty() ? "none at _mta-sts." + domain
            : String.join(" | ", found.records().stream().map(text -> Sanitized.ascii(text, Integer.MAX_VALUE)).toList());
    }

    /** The output as JSON; docs/command-line.md lists the members. */
    Map<String, Object> json() {
        Map<String, Object> object = Json.object("domain", domain.ascii(), "verdict", verdict());
        Map<String, Object> txt = Json.object("ms", record.took().toMillis());
        TxtRecords found = record.value();
        txt.putAll(found.error().isEmpty()
            ? Json.object("texts", found.records(), "id", found.lint().id().orElse(null), "problems", found.lint().problems().stream()
                .map(note -> Json.object("text", note.text(), "remedy", note.remedy())).toList())
            : Json.object("trouble", found.error()));
        object.put("record", txt);
        policy.ifPresent(fetch -> {
            Map<String, Object> fetching = Json.object("ms", fetch.took().toMillis());
            fetched().ifPresent(valid -> fetching.putAll(PolicyText.json(valid)));
            problem().ifPresent(why -> fetching.putAll(Json.object("resultType", why.type().wireName(), "reason", why.reason())));
            object.put("policy", fetching);
        });
        object.put("mx", hosts.stream().map(host -> fetched().isEmpty() ? Json.object("host", host.ascii())
            : Json.object("host", host.ascii(), "matches", lists(host))).toList());
        return object;
    }
}
