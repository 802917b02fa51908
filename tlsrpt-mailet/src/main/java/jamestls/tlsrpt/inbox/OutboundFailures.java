package jamestls.tlsrpt.inbox;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.TlsOutcomeSink;
import jamestls.outcome.TlsOutcomes;
import jamestls.outcome.TlsOutcomes.Sessions;
import jamestls.outcome.Violation;
import jamestls.storage.StorageOutage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Finds recipient domains to which our deliveries worked and now begin to fail for TLS. A domain has worked if the counts of
 * TlsReporting say so for the days before, or, without them, if a session met its policies since this server started. It fails if two
 * sessions failed and none succeeded since the first of them, or if 20 failed and their rate is over the limit.
 */
final class OutboundFailures implements TlsOutcomeSink {

    static final int MIN_FAILURES = 2;
    static final int MIN_FAILURES_AMONG_OTHERS = 20;
    private static final int WORKED_DAYS = 7;
    /** Failures that no others followed are forgotten after this time. */
    private static final Duration WINDOW = Duration.ofHours(6);
    private static final int MAX_FAILING = 10_000;
    private static final int MAX_WORKING = 50_000;

    private final TlsOutcomes outcomes;
    private final int ratePerMille;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<DomainName, Failing> failing = new HashMap<>();
    /** Domains with a successful session, the last ones that were seen. */
    private final Map<DomainName, Boolean> working = new LinkedHashMap<>(16, 0.75f, true) {

        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<DomainName, Boolean> eldest) {
            return size() > MAX_WORKING;
        }
    };

    /** Sessions since the first failed one. */
    private static final class Failing {
        private final Instant since;
        private final boolean worked;
        private Instant last;
        private long failed;
        private long met;
        private String type = "";
        private String detail = "";

        Failing(Instant since, boolean worked) {
            this.since = since;
            this.worked = worked;
            this.last = since;
        }
    }

    OutboundFailures(TlsOutcomes outcomes, int ratePerMille, Clock clock) {
        this.outcomes = outcomes;
        this.ratePerMille = ratePerMille;
        this.clock = clock;
    }

    @Override
    public void record(List<TlsOutcome> recorded) {
        lock.lock();
        try {
            recorded.forEach(this::count);
        } finally {
            lock.unlock();
        }
    }

    private void count(TlsOutcome outcome) {
        DomainName domain = outcome.recipientDomain();
        Optional<PolicyVerdict.Violated> violated = outcome.verdicts().stream()
            .filter(verdict -> verdict.policy().type() != PolicyType.NO_POLICY_FOUND)
            .filter(PolicyVerdict.Violated.class::isInstance).map(PolicyVerdict.Violated.class::cast).findFirst();
        Failing known = failing.get(domain);
        if (violated.isEmpty()) {
            if (outcome.verdicts().stream().allMatch(PolicyVerdict.Met.class::isInstance)) {
                working.put(domain, Boolean.TRUE);
                if (known != null) {
                    known.met++;
                }
            }
            return;
        }
        if (known == null && failing.size() < MAX_FAILING) {
            known = new Failing(outcome.at(), working.containsKey(domain));
            failing.put(domain, known);
        }
        if (known != null) {
            Violation violation = violated.get().violations().getFirst();
            known.failed++;
            known.last = outcome.at();
            known.type = violation.type().wireName();
            known.detail = outcome.peer().mxHost().map(host -> " at " + host).orElse("")
                + (violation.reason().isEmpty() ? "" : " (" + violation.reason() + ")");
        }
    }

    /** Alarms of all domains that fail now; the same ones again while they fail. */
    List<Alarm> find() {
        Instant now = clock.instant();
        Map<DomainName, Failing> candidates = new HashMap<>();
        lock.lock();
        try {
            failing.values().removeIf(each -> each.last.isBefore(now.minus(WINDOW)));
            failing.forEach((domain, each) -> {
                if (isFailing(each)) {
                    candidates.put(domain, each);
                }
            });
        } finally {
            lock.unlock();
        }
        List<Alarm> found = new ArrayList<>();
        // asks a database, and therefore without the lock
        candidates.forEach((domain, each) -> {
            if (hasWorked(domain).orElse(each.worked)) {
                found.add(alarm(domain, each, now));
            }
        });
        return found;
    }

    private boolean isFailing(Failing each) {
        return each.failed >= MIN_FAILURES && each.met == 0
            || each.failed >= MIN_FAILURES_AMONG_OTHERS && each.failed * 1_000 > ratePerMille * (each.failed + each.met);
    }

    /** By the counts: on the days before, or today if there were no sessions then; empty if nobody counts. */
    private Optional<Boolean> hasWorked(DomainName domain) {
        try {
            Optional<Sessions> today = outcomes.sessionsToday(domain);
            Optional<Sessions> all = outcomes.sessions(domain, WORKED_DAYS);
            if (today.isEmpty() || all.isEmpty()) {
                return Optional.empty();
            }
            long before = all.get().all() - today.get().all();
            long failedBefore = all.get().failed() - today.get().failed();
            return Optional.of(before > 0 ? failedBefore < before && failedBefore * 1_000 <= ratePerMille * before
                : today.get().all() > today.get().failed());
        } catch (StorageOutage e) {
            return Optional.empty();
        }
    }

    private Alarm alarm(DomainName domain, Failing each, Instant now) {
        lock.lock();
        try {
            String text = String.format(Locale.ROOT, "mail to %s: %,d of %,d sessions failed since %s, %s%s", domain, each.failed,
                each.failed + each.met, each.since, each.type, each.detail);
            return new Alarm(now, Alarm.Direction.OUTBOUND, domain, each.type, text);
        } finally {
            lock.unlock();
        }
    }
}
