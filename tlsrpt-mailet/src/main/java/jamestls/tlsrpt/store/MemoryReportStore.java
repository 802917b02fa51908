package jamestls.tlsrpt.store;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** The last records only, in memory. */
public final class MemoryReportStore implements ReportStore {

    private final int most;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<ReportRecord> records = new ArrayDeque<>();

    /** @param most records kept, at least one */
    public MemoryReportStore(int most) {
        this.most = most;
    }

    @Override
    public void add(ReportRecord sent) {
        lock.lock();
        try {
            records.addFirst(sent);
            if (records.size() > most) {
                records.removeLast();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<ReportRecord> latest() {
        lock.lock();
        try {
            return new ArrayList<>(records);
        } finally {
            lock.unlock();
        }
    }
}
