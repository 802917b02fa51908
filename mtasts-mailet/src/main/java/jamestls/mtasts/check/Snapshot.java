package jamestls.mtasts.check;

import jamestls.dns.DomainName;
import jamestls.mtasts.check.CheckResult.Severity;
import jamestls.mtasts.check.Judge.Memory;
import jamestls.mtasts.check.Snapshot.Item.Part;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.delivery.DryRunResult.HostFindings;
import jamestls.mtasts.sts.RecordLint;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.net.Sanitized;
import jamestls.outcome.OwnDomainEvents.Event;
import jamestls.outcome.OwnDomainEvents.Kind;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What is remembered of a domain from one check to the next, to see what has changed. What a check could not determine keeps its value.
 *
 * @param items by what they are; an empty value means that it is known not to exist
 * @param problems the problems of the last check
 */
public record Snapshot(Map<Item, Value> items, Set<Problem> problems) {

    /** A domain that was never checked. */
    public static final Snapshot NONE = new Snapshot(Map.of(), Set.of());
    private static final int MAX_TEXT = 500;

    public Snapshot {
        items = Map.copyOf(items);
        problems = Set.copyOf(problems);
    }

    /**
     * What a value is of.
     *
     * @param host the MX host; empty for the domain as a whole
     */
    public record Item(Part part, String host) implements Comparable<Item> {

        /** The things that are remembered. */
        public enum Part {
            ID, POLICY, MODE, MX, CERTIFICATE, TLSA;

            /** The name in tables. */
            String wireName() {
                return name().toLowerCase(Locale.ROOT);
            }
        }

        @Override
        public int compareTo(Item other) {
            return part == other.part ? host.compareTo(other.host) : part.compareTo(other.part);
        }
    }

    /** @param since when it was first seen so */
    public record Value(String text, Instant since) {
    }

    /** A problem as far as it stays the same from day to day. */
    public record Problem(String code, String subject, String text) {

        @Override
        public boolean equals(Object other) {
            return other instanceof Problem problem && problem.code.equals(code) && problem.subject.equals(subject);
        }

        @Override
        public int hashCode() {
            return code.hashCode() + subject.hashCode();
        }
    }

    /** What the judge needs of it. */
    public Memory memory() {
        return new Memory(text(Part.ID).filter(id -> !id.isEmpty()), text(Part.POLICY).filter(text -> !text.isEmpty()),
            Optional.ofNullable(items.get(new Item(Part.MODE, ""))).filter(mode -> mode.text().equals(StsPolicy.Mode.TESTING.wireName()))
                .map(Value::since));
    }

    private Optional<String> text(Part part) {
        return Optional.ofNullable(items.get(new Item(part, ""))).map(Value::text);
    }

    /** This one, changed by what was seen and found now. */
    public Snapshot after(DomainView view, CheckResult result) {
        Map<Item, String> seen = seen(view);
        Map<Item, Value> next = new TreeMap<>(items);
        seen.forEach((item, text) -> next.merge(item, new Value(text, view.time()), (old, now) -> old.text().equals(text) ? old : now));
        if (!view.mail().hosts().isEmpty()) {
            Set<String> hosts = view.mail().hosts().stream().map(host -> host.plan().host().name().ascii()).collect(Collectors.toSet());
            next.keySet().removeIf(item -> !item.host().isEmpty() && !hosts.contains(item.host()));
        }
        return new Snapshot(next, result.lines().stream().filter(line -> line.severity() == Severity.PROBLEM)
            .map(line -> new Problem(line.code(), line.subject(), line.text())).collect(Collectors.toSet()));
    }

    private static Map<Item, String> seen(DomainView view) {
        Map<Item, String> seen = new TreeMap<>();
        if (view.sts().failure().isEmpty()) {
            Optional<String> id = RecordLint.of(view.sts().texts()).id();
            seen.put(new Item(Part.ID, ""), id.orElse(""));
            if (id.isEmpty()) {
                seen.put(new Item(Part.POLICY, ""), "");
                seen.put(new Item(Part.MODE, ""), "");
            }
        }
        view.valid().ifPresent(policy -> {
            seen.put(new Item(Part.POLICY, ""), policy.text());
            seen.put(new Item(Part.MODE, ""), policy.mode().wireName());
        });
        for (HostFindings host : view.mail().hosts()) {
            String name = host.plan().host().name().ascii();
            seen.put(new Item(Part.MX, name), String.valueOf(host.plan().host().preference()));
            if (HostJudge.isReached(host)) {
                seen.put(new Item(Part.CERTIFICATE, name), HostJudge.certificates(host).stream().map(Snapshot::inWords).sorted()
                    .collect(Collectors.joining("; ")));
            }
            switch (host.plan().dane()) {
                case DaneLookup.Found found -> seen.put(new Item(Part.TLSA, name), found.tlsa().published().stream().map(TlsaSet::text)
                    .collect(Collectors.joining(", ")));
                case DaneLookup.NoDane none -> seen.put(new Item(Part.TLSA, name), "");
                case DaneLookup.NoAddress none -> {
                    // not known
                }
                case DaneLookup.Unreachable unknown -> {
                    // not known
                }
            }
        }
        return seen;
    }

    private static String inWords(X509Certificate leaf) {
        return "valid until " + leaf.getNotAfter().toInstant() + ", by "
            + Sanitized.ascii(leaf.getIssuerX500Principal().getName(), 100) + ", key " + Tlsa311.of(leaf).substring("3 1 1 ".length());
    }

    /** What changed since {@code before}, the domain's own changes first. The first check of a domain finds problems only. */
    public List<Event> eventsSince(Snapshot before, DomainName domain, Instant now) {
        List<Event> events = new ArrayList<>();
        if (!before.items.isEmpty()) {
            Set<Item> all = new HashSet<>(before.items.keySet());
            all.addAll(items.keySet());
            all.stream().sorted().forEach(item -> change(item, Optional.ofNullable(before.items.get(item)).map(Value::text),
                Optional.ofNullable(items.get(item)).map(Value::text)).ifPresent(text -> events.add(new Event(domain, now,
                    kind(item.part()), DomainName.parse(item.host()), Sanitized.ascii(text, MAX_TEXT)))));
        }
        problems.stream().filter(problem -> !before.problems.contains(problem)).forEach(problem -> events.add(new Event(domain, now,
            Kind.PROBLEM, host(problem), Sanitized.ascii("problem: " + problem.subject() + ": " + problem.text(), MAX_TEXT))));
        before.problems.stream().filter(problem -> !problems.contains(problem)).forEach(problem -> events.add(new Event(domain, now,
            Kind.PROBLEM, host(problem), Sanitized.ascii("over: " + problem.subject() + ": " + problem.text(), MAX_TEXT))));
        return events;
    }

    private static Optional<DomainName> host(Problem problem) {
        return problem.subject().contains(".") ? DomainName.parse(problem.subject()) : Optional.empty();
    }

    private static Optional<String> change(Item item, Optional<String> old, Optional<String> now) {
        if (old.equals(now)) {
            return Optional.empty();
        }
        String host = item.host();
        return switch (item.part()) {
            case ID -> Optional.of("the id in the record changed: " + now.filter(id -> !id.isEmpty()).orElse("none"));
            case POLICY -> Optional.of("the policy changed: " + now.map(text -> text.strip().replace("\n", ", "))
                .filter(text -> !text.isEmpty()).orElse("none"));
            // said by the policy
            case MODE -> Optional.empty();
            case MX -> Optional.of(old.isEmpty() ? host + " is a new mail host, with preference " + now.orElse("")
                : now.isEmpty() ? host + " is no mail host any more"
                : "the preference of " + host + " changed from " + old.get() + " to " + now.get());
            case CERTIFICATE -> old.isEmpty() || now.isEmpty() ? Optional.empty()
                : Optional.of("the certificate of " + host + " changed: " + (now.get().isEmpty() ? "none" : now.get()));
            case TLSA -> old.isEmpty() || now.isEmpty() ? Optional.empty()
                : Optional.of("the TLSA records of " + host + " changed: " + (now.get().isEmpty() ? "none" : now.get()));
        };
    }

    private static Kind kind(Part part) {
        return switch (part) {
            case ID, POLICY, MODE -> Kind.POLICY;
            case MX -> Kind.MX;
            case CERTIFICATE -> Kind.CERTIFICATE;
            case TLSA -> Kind.TLSA;
        };
    }
}
