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
 * The operator's rules per destination, from the database and from mailetcontainer.xml, in this order. Rules in the database are set by
 * commands and routes and hold for all servers that share it. Deliveries read memory only; a thread re-reads the database every ten
 * seconds from {@link #start} to {@link #close}. While the database fails, the rules read before stay in force until they end.
 */
public final class Rules implements AutoCloseable {

    /** The table of the rules, to be passed when a {@link Database} is opened for them. */
    public static final Migrations TABLES = RuleStore.TABLES;
    /** The name given as the author of rules of the configuration. */
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
    /** Guards the fields below that are not volatile. */
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Row> reported = new HashSet<>();
    private final Set<Rule> ended = new HashSet<>();
    private volatile RuleTable current;
    private volatile Optional<String> outage = Optional.empty();
    private boolean isRead;
    private boolean areEndsTold;
    private Instant warned = Instant.EPOCH;
    private long used;

    /** The source of a rule. */
    public enum Source { DATABASE, CONFIGURATION }

    /**
     * A rule with its source and author.
     *
     * @param who the author of the last change: a user of the operating system, the subject of a token, an address, or
     *     {@link #CONFIGURATION}
     */
    public record Entry(Rule rule, Source source, String who) {

        /** The members of the JSON object, in order. */
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

    /** The results of the two look-ups, by recipient domain and by MX host. */
    public record Found(Optional<Entry> ofDomain, Optional<Entry> ofHost) {

        /** No rule was found. */
        public static final Found NOTHING = new Found(Optional.empty(), Optional.empty());

        /** The rules found, the domain's first. */
        public List<Entry> entries() {
            return Stream.concat(ofDomain.stream(), ofHost.stream()).toList();
        }

        /** The rules found, without their authors. */
        public List<Rule> rules() {
            return entries().stream().map(Entry::rule).toList();
        }

        /** Whether one of the rules has the word {@code observe}. */
        public boolean isObserved() {
            return rules().stream().anyMatch(rule -> rule.enforcement() == Rule.Enforcement.OBSERVE);
        }

        /** The address families of the host's rule, else of the domain's rule. */
        public Optional<Families> families() {
            return Stream.concat(ofHost.stream(), ofDomain.stream()).flatMap(each -> each.rule().traffic().families().stream()).findFirst();
        }
    }

    /** Creates the rules of the configuration; the database is not read. */
    private Rules(RuleSettings settings, Optional<RuleStore> store, Clock clock) {
        this.settings = settings;
        this.store = store;
        this.clock = clock;
        this.current = RuleTable.of(configured(), List.of());
    }

    /**
     * Opens the rules of a server. A database that can't be read now is read later.
     *
     * @param database opened with {@link #TABLES}; the caller closes it
     */
    public static Rules open(RuleSettings settings, Optional<Database> database, Clock clock) {
        Rules rules = new Rules(settings, database.map(RuleStore::new), clock);
        rules.round();
        return rules;
    }

    /** Reads the rules once, for a command. Throws {@link StorageOutage} if the database can't be read. */
    public static Rules read(RuleSettings settings, Database database, Clock clock) {
        Rules rules = new Rules(settings, Optional.of(new RuleStore(database)), clock);
        rules.reread();
        return rules;
    }

    /** The rules of the configuration, without a database. */
    public static Rules of(RuleSettings settings, Clock clock) {
        return new Rules(settings, Optional.empty(), clock);
    }

    /** Takes over the rules of another object: a command reads the server's database and hands its rules to the wiring. */
    public void adopt(Rules other) {
        current = other.current;
    }

    private List<Entry> configured() {
        return settings.rules().stream().map(rule -> new Entry(rule, Source.CONFIGURATION, CONFIGURATION)).toList();
    }

    /** Finds the rules in force for mail to a domain through a host. */
    public Found find(DomainName domain, DomainName host) {
        return current.find(domain, host, clock.instant());
    }

    /** Whether {@code enforcement=observe} is in force. */
    public boolean isObserving() {
        return settings.observeUntil().filter(end -> clock.instant().isBefore(end)).isPresent();
    }

    /** All rules in the order of look-up, ended ones included. */
    public List<Entry> list() {
        return current.entries();
    }

    /** All rules that match a name as a domain or as a host, in the order of look-up. */
    public List<Entry> show(DomainName name) {
        return current.show(name);
    }

    /**
     * Adds a rule to the database, or replaces the one for the same destination. It is in force on this server on return, and on others
     * within ten seconds.
     *
     * @param who the author, for the log
     * @throws NoRule if the rule has ended, an earlier rule hides it, there are too many, or there is no database; the message says which
     * @throws StorageOutage if the database can't be written
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
            if (found.stream().filter(row -> row.line().isPresent() && !row.destination().equals(rule.destination().toString())).count()
                    >= RuleGrammar.MAX_RULES) {
                throw new NoRule("there are " + RuleGrammar.MAX_RULES + " rules already; remove some first");
            }
        });
        reread();
        return new Entry(rule, Source.DATABASE, named(who));
    }

    /**
     * Removes the rule for exactly this destination from the database.
     *
     * @return whether there was one
     * @throws StorageOutage if the database can't be written
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

    /** Starts the thread that re-reads the database. To be called once. */
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

    /** Ends the thread. */
    @Override
    public void close() {
        closed.countDown();
    }

    /** Re-reads the database and logs rules that have ended. Never throws. */
    void round() {
        try {
            reread();
            if (outage.isPresent()) {
                LOGGER.info("The rules in the database can be read again");
                outage = Optional.empty();
            }
        } catch (StorageOutage e) {
            if (outage.isEmpty()) {
                // the database warns of its outage
                LOGGER.info("The rules in the database can't be read now; those that were read stay in force");
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
            // rules that had ended at the start were logged at the start
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
                // of two concurrent reads the one that began later has the newer rows
                if (read > used) {
                    used = read;
                    use(rows);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** Uses these rows from now on, and logs new ones once. Called with the lock held. */
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

    /** Problems for the health check: an outage of the database, and rules that are skipped. */
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

    /** Remarks for the health check that are no problems: rules with an end and rules that have ended, the first few of each. */
    public List<String> notes() {
        Instant now = clock.instant();
        List<String> notes = new ArrayList<>();
        settings.observeUntil().ifPresent(end -> notes.add(now.isBefore(end) ? "policies are only observed until " + end
            : "observing ended at " + end + ": write enforcement=on"));
        note(notes, "in force until its end", current.exceptions(now));
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

    /** The number of rules with an end that are in force. */
    public int exceptions() {
        return current.exceptions(clock.instant()).size();
    }
}
