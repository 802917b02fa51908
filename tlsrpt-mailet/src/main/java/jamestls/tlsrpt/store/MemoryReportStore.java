package jamestls.tlsrpt.store;

import jamestls.tlsrpt.store.ReportRecord.Dispatch;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/** Delivery records in memory, up to a limit; the oldest are dropped. */
public final class MemoryReportStore implements ReportStore {

    private final ReentrantLock lock = new ReentrantLock();
    /** In the order of the last change. */
    private final Map<Dispatch, ReportRecord> records;

    /** @param maxRecords maximum number of records, at least one */
    public MemoryReportStore(int maxRecords) {
        this.records = new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Dispatch, ReportRecord> eldest) {
                return size() > maxRecords;
            }
        };
    }

    @Override
    public Optional<ReportRecord> begin(Dispatch dispatch, Instant now) {
        lock.lock();
        try {
            ReportRecord before = records.get(dispatch);
            if (before == null || !before.isFinal()) {
                put(new ReportRecord(dispatch, ReportRecord.State.SENDING, before == null ? 1 : before.tries() + 1, now,
                    Optional.empty(), ""));
            }
            return Optional.ofNullable(before);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void delay(Dispatch dispatch, String reason, Instant retryAt, Instant now) {
        lock.lock();
        try {
            ReportRecord before = records.get(dispatch);
            if (before == null || !before.isFinal()) {
                put(new ReportRecord(dispatch, ReportRecord.State.REFUSED, before == null ? 0 : before.tries(), now, Optional.of(retryAt),
                    reason));
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void finish(Dispatch dispatch, ReportRecord.State state, String result, Optional<Instant> retryAt, Instant now) {
        lock.lock();
        try {
            ReportRecord before = records.get(dispatch);
            if (before != null && before.state() == ReportRecord.State.LOST) {
                return;
            }
            put(new ReportRecord(dispatch, state, before == null ? 1 : before.tries(), now, retryAt, result));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<ReportRecord> of(TallyKey key) {
        return latest(Integer.MAX_VALUE).stream()
            .filter(each -> each.key().equals(key))
            .sorted(ReportRecord.BY_PART)
            .toList();
    }

    @Override
    public List<ReportRecord> latest(int limit) {
        lock.lock();
        try {
            return new ArrayList<>(records.values()).reversed().stream().limit(limit).toList();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void forget(LocalDate firstKept) {
        lock.lock();
        try {
            records.keySet().removeIf(dispatch -> dispatch.key().day().isBefore(firstKept));
        } finally {
            lock.unlock();
        }
    }

    private void put(ReportRecord fresh) {
        records.remove(fresh.dispatch());
        records.put(fresh.dispatch(), fresh);
    }
}
