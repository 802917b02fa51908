package jamestls.mtasts.policy;

import jamestls.dns.DomainName;
import jamestls.mtasts.mx.AddressOrder.Families;
import jamestls.mtasts.policy.Rule.Destination;
import jamestls.mtasts.policy.RuleGrammar.NoRule;
import jamestls.mtasts.policy.RuleStore.Row;
import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import jamestls.storage.Database;
import jamestls.storage.Migrations;
import jamestls.storage.StorageOutage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * The rules per destination: those of mailetcontainer.xml, and before them those that commands and routes keep in the database, for
 * all servers that share it. Deliveries look into memory only; the database is read again every ten seconds from {@link #start} to
 * {@link #close}. While it is out of order, what was read stays in force, and ends when it is to end.
 */
public final class Rules implements AutoCloseable {

    /** The table; whoever opens the {@link Database} for rules passes it. */
    public static final Migrations TABLES = RuleStore.TABLES;
    /** Who a rule of the configuration is from. */
    public static final String CONFIGURATION = "mailetcontainer.xml";

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Rules.class);
    private static final Duration REREAD = Duration.ofSeconds(10);
    private static final Duration WARNED = Duration.ofDays(7);
    private static final int MAX_WHO = 100;
    private static final int MAX_NAMED = 5;

    private final RuleSettings settings;
    private final Optional<RuleStore> store;
    private final Clock clock;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final AtomicLong reads = new AtomicLong();
    /** Guards what follows, but for what is volatile. */
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Row> reported = new HashSet<>();
    private final Set<Rule> ended = new HashSet<>();
    private volatile RuleTable current;
    private volatile Optional<String> outage = Optional.empty();
    private boolean isRead;
    private boolean areEndsTold;
    private Instant warned = Instant.EPOCH;
    private long used;

    /** Where a rule is from. */
    public enum Source { DATABASE, CONFIGURATION }

    /**
     * A rule, and who answers for it.
     *
     * @param who has made or changed it: a user of the operating system, the subject of a token, an address, or {@link #CONFIGURATION}
     */
    public record Entry(Rule rule, Source source, String who) {

        /** The members of its JSON object, in the order in which they are written. */
        public Map<String, Object> json(Instant now) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("destination", rule.destination().toString());
            json.put("rule", rule.toString());
            json.put("source", source.name().toLowerCase(Locale.ROOT));
            json.put("who", who);
            json.put("until", rule.until().map(Instant::toString).orElse(null));
            json.put("ended", rule.isExpired(now));
            return json;
        }
    }

    /** The rules of the two look-ups, the recipient domain's and the host's. */
    public record Found(Optional<Entry> ofDomain, Optional<Entry> ofHost) {

        /** No rule. */
        public static final Found NOTHING = new Found(Optional.empty(), Optional.empty());

        /** Both, the domain's first. */
        public List<Entry> entries() {
            return Stream.concat(ofDomain.stream(), ofHost.stream()).toList();
        }

        /** Both, without who answers for them. */
        public List<Rule> rules() {
            return entries().stream().map(Entry::rule).toList();
        }

        /** Whether one of them is only observed. */
        public boolean isObserved() {
            return rules().stream().anyMatch(rule -> rule.enforcement() == Rule.Enforcement.OBSERVE);
        }

        /** The families of addresses that the host's rule allows, else the domain's. */
        public Optional<Families> families() {
            return Stream.concat(ofHost.stream(), ofDomain.stream()).flatMap(each -> each.rule().traffic().families().stream()).findFirst();
        }
    }

    /** Reads nothing yet. */
    private Rules(RuleSettings settings, Optional<RuleStore> store, Clock clock) {
        this.settings = settings;
        this.store = store;
        this.clock = clock;
        this.current = RuleTable.of(configured(), List.of());
    }

    /**
     * For a server: a database that can't be read now is read later.
     *
     * @param database with {@link #TABLES}; who opened it closes it
     */
    public static Rules open(RuleSettings settings, Optional<Database> database, Clock clock) {
        Rules rules = new Rules(settings, database.map(RuleStore::new), clock);
        rules.round();
        return rules;
    }

    /** @throws StorageOutage when the database can't be read */
    public static Rules read(RuleSettings settings, Database database, Clock clock) {
        Rules rules = new Rules(settings, Optional.of(new RuleStore(database)), clock);
        rules.reread();
        return rules;
    }

    /** Those of the configuration only. */
    public static Rules of(RuleSettings settings, Clock clock) {
        return new Rules(settings, Optional.empty(), clock);
    }

    /** From now on these are the rules of that one: a command has no database of its own. */
    public void adopt(Rules other) {
        current = other.current;
    }

    private List<Entry> configured() {
        return settings.rules().stream().map(rule -> new Entry(rule, Source.CONFIGURATION, CONFIGURATION)).toList();
    }

    /** The rules that hold now for mail to that domain through that host. */
    public Found find(DomainName domain, DomainName host) {
        RuleTable snapshot = current;
        if (snapshot.entries().isEmpty()) {
            return Found.NOTHING;
        }
        Instant now = clock.instant();
        return new Found(snapshot.first(Destination.Kind.DOMAIN, domain, now), snapshot.first(Destination.Kind.MX, host, now));
    }

    /** Whether everything is only observed now. */
    public boolean isObserving() {
        return settings.observeUntil().filter(end -> clock.instant().isBefore(end)).isPresent();
    }

    /** All of them in the order in which they are looked up, those that have ended, too. */
    public List<Entry> list() {
        return current.entries();
    }

    /** All that are for that name as a domain or as a host, in the order in which they are looked up. */
    public List<Entry> show(DomainName name) {
        return list().stream().filter(entry -> Destination.patternsFor(entry.rule().destination().kind(), name)
            .contains(entry.rule().destination().pattern())).toList();
    }

    /**
     * Adds a rule to the database, or puts it in the place of the one for the same destination. It is in force on this server when this
     * returns, and on the others within seconds.
     *
     * @param who answers for it; it is logged
     * @throws NoRule when it has ended, an earlier one hides it, there are too many, or there is no database; the message says so
     * @throws StorageOutage when the database can't be written
     */
    public Entry allow(Rule rule, String who) {
        Instant now = clock.instant();
        if (rule.isExpired(now)) {
            throw new NoRule("until is in the past");
        }
        RuleStore rows = writable();
        rows.put(rule, named(who), now, found -> {
            List<Rule> before = new ArrayList<>();
            for (Row row : found) {
                if (row.destination().equals(rule.destination().toString()) && row.line().isPresent()) {
                    break;
                }
                parsed(row).filter(earlier -> !earlier.isExpired(now)).ifPresent(before::add);
            }
            before.stream().filter(earlier -> earlier.hides(rule)).findFirst().ifPresent(earlier -> {
                throw new NoRule(RuleGrammar.hidden(rule, earlier, "in the database") + "; remove it first");
            });
            if (found.stream().filter(row -> row.line().isPresent()).count() >= RuleGrammar.MAX_RULES) {
                throw new NoRule("there are " + RuleGrammar.MAX_RULES + " rules already; remove some first");
            }
        });
        reread();
        return new Entry(rule, Source.DATABASE, named(who));
    }

    /**
     * Removes the rule of the database for exactly that destination.
     *
     * @return whether there was one
     * @throws StorageOutage when the database can't be written
     */
    public boolean remove(Destination destination, String who) {
        boolean removed = writable().remove(destination, named(who), clock.instant());
        reread();
        return removed;
    }

    private RuleStore writable() {
        return store.orElseThrow(() -> new NoRule("policies are kept in memory (database=memory): write the rule into tlsPolicies"));
    }

    private static String named(String who) {
        return Sanitized.logValue(who, MAX_WHO);
    }

    /** Starts the thread that reads the database again; to be called once. */
    public void start() {
        Thread.ofVirtual().name("tls-rules").start(() -> {
            try {
                while (!closed.await(REREAD.toMillis(), TimeUnit.MILLISECONDS)) {
                    round();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** The thread ends. */
    @Override
    public void close() {
        closed.countDown();
    }

    /** Reads the database again and tells what has ended; never throws. */
    void round() {
        try {
            reread();
            if (outage.isPresent()) {
                LOGGER.info("The rules in the database can be read again");
                outage = Optional.empty();
            }
        } catch (StorageOutage e) {
            if (outage.isEmpty()) {
                LOGGER.warn("The rules in the database can't be read now; those that were read stay in force: {}", e.getMessage());
            }
            outage = Optional.of(String.valueOf(e.getMessage()));
        } catch (RuntimeException | Error e) {
            LOGGER.error("The rules in the database were not read; the next try follows in {}", REREAD, e);
        }
        lock.lock();
        try {
            tellEnds();
        } finally {
            lock.unlock();
        }
    }

    private void tellEnds() {
        Instant now = clock.instant();
        for (Entry entry : list()) {
            boolean news = entry.rule().isExpired(now) && ended.add(entry.rule());
            // what ended before the start was told then
            if (news && areEndsTold) {
                LOGGER.warn("Rule ended and is ignored: {} (by {})", entry.rule(), entry.who());
            }
        }
        ended.retainAll(list().stream().map(Entry::rule).toList());
        settings.observeUntil()
            .filter(end -> now.isBefore(end) && now.isAfter(end.minus(WARNED)) && now.isAfter(warned.plus(Duration.ofDays(1))))
            .ifPresent(end -> {
                warned = now;
                LOGGER.warn("enforcement=observe ends at {}: from then on mail is held where a policy rejects every host", end);
            });
        areEndsTold = true;
    }

    private void reread() {
        if (store.isPresent()) {
            long read = reads.incrementAndGet();
            List<Row> rows = store.get().rows();
            lock.lock();
            try {
                // of two reads under way the later one has seen at least as much
                if (read > used) {
                    used = read;
                    use(rows);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** Under the lock: each row that is new here is told once. */
    private void use(List<Row> rows) {
        List<Entry> entries = new ArrayList<>();
        List<String> broken = new ArrayList<>();
        Instant now = clock.instant();
        for (Row row : rows) {
            boolean news = reported.add(row) && isRead;
            if (row.line().isEmpty()) {
                if (news) {
                    LOGGER.info("Rule for {} removed by {}", row.destination(), row.who());
                }
                continue;
            }
            Optional<String> problem = Optional.empty();
            try {
                Rule rule = RuleGrammar.rule(row.line().get(), row.changed());
                Optional<Entry> hiding = entries.stream()
                    .filter(earlier -> !earlier.rule().isExpired(now) && earlier.rule().hides(rule)).findFirst();
                problem = hiding.map(earlier -> RuleGrammar.hidden(rule, earlier.rule(), "in the database"));
                if (problem.isEmpty()) {
                    entries.add(new Entry(rule, Source.DATABASE, row.who()));
                }
            } catch (NoRule e) {
                problem = Optional.of(e.getMessage());
            }
            if (problem.isPresent()) {
                broken.add(row.destination());
                if (news || !isRead) {
                    LOGGER.error("Rule for {} in the database is skipped: {}", row.destination(), problem.get());
                }
            } else if (news) {
                LOGGER.info("Rule set by {}: {}", row.who(), row.line().get());
            }
        }
        reported.retainAll(new HashSet<>(rows));
        entries.addAll(configured());
        current = RuleTable.of(entries, broken);
        isRead = true;
    }

    private static Optional<Rule> parsed(Row row) {
        try {
            return row.line().map(line -> RuleGrammar.rule(line, row.changed()));
        } catch (NoRule e) {
            return Optional.empty();
        }
    }

    /** What an operator should look at now. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        outage.ifPresent(why -> problems.add("the rules in the database can't be read; those that were read stay in force: " + why));
        List<String> broken = current.broken();
        if (!broken.isEmpty()) {
            problems.add(broken.size() + " rules in the database are skipped: "
                + String.join(", ", broken.stream().limit(MAX_NAMED).toList()));
        }
        return problems;
    }

    /** What is to be known, and is as it should be: rules below a demand, and rules that have ended; the first few of each. */
    public List<String> notes() {
        Instant now = clock.instant();
        List<String> notes = new ArrayList<>();
        settings.observeUntil().ifPresent(end -> notes.add(now.isBefore(end) ? "policies are only observed until " + end
            : "observing ended at " + end + ": write enforcement=on"));
        note(notes, "in force until its end", list().stream().filter(entry -> entry.rule().until().isPresent()
            && !entry.rule().isExpired(now)).toList());
        note(notes, "ended and ignored", list().stream().filter(entry -> entry.source() == Source.CONFIGURATION
            && entry.rule().isExpired(now)).toList());
        return notes;
    }

    private static void note(List<String> notes, String what, List<Entry> entries) {
        if (!entries.isEmpty()) {
            notes.add(entries.size() + (entries.size() == 1 ? " rule " : " rules ") + what + ": " + String.join("; ",
                entries.stream().limit(MAX_NAMED).map(entry -> entry.rule() + " (by " + entry.who() + ")").toList()));
        }
    }

    /** How many rules are below a demand, or only tried, now. */
    public int exceptions() {
        Instant now = clock.instant();
        return (int) list().stream().filter(entry -> entry.rule().until().isPresent() && !entry.rule().isExpired(now)).count();
    }
}
