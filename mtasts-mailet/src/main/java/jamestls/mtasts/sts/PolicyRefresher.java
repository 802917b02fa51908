package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import jamestls.net.SanitizedLogger;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Refreshes policies in the background, from {@link #start} to {@link #close}: every minute it looks for policies that are
 * due (see {@link RefreshSchedule}) and fetches them, some at a time. Which are due is kept with the policies, so a restart
 * neither forgets a refresh nor sets off all of them.
 */
public final class PolicyRefresher implements AutoCloseable {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(PolicyRefresher.class);
    private static final Duration USUAL_PAUSE = Duration.ofMinutes(1);
    private static final int AT_A_TIME = 2 * StsPolicies.MAX_REFRESHES;
    private static final int MAX_IN_A_ROUND = 4096;

    private final StsPolicies policies;
    private final Duration pause;
    private final CountDownLatch closed = new CountDownLatch(1);

    public PolicyRefresher(StsPolicies policies) {
        this(policies, USUAL_PAUSE);
    }

    PolicyRefresher(StsPolicies policies, Duration pause) {
        this.policies = policies;
        this.pause = pause;
    }

    /** Starts the thread; to be called once. */
    public void start() {
        Thread.ofVirtual().name("sts-refresher").start(this::untilClosed);
    }

    /** Stops after the running fetches; does not wait for them.  */
    @Override
    public void close() {
        closed.countDown();
    }

    private void untilClosed() {
        try {
            while (!closed.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                round();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void round() {
        try {
            refreshDue();
        } catch (RuntimeException | Error e) {
            // the loop must go on, even after an Error
            LOGGER.error("Refreshing MTA-STS policies failed unexpectedly, next round in {}", pause, e);
        }
    }

    /** Refreshes all due policies and removes expired ones. */
    void refreshDue() {
        policies.removeExpired();
        // each domain once in a round: one that could not be written down is due still, and would be fetched without end
        Set<DomainName> begun = new HashSet<>();
        Semaphore places = new Semaphore(AT_A_TIME);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            int underWay = 0;
            boolean mayBeMore = true;
            while (mayBeMore && begun.size() < MAX_IN_A_ROUND && closed.getCount() > 0) {
                // those under way are due still, and must not hide what is due behind them
                List<StoredPolicy> due = policies.due(underWay + AT_A_TIME);
                mayBeMore = due.size() == underWay + AT_A_TIME;
                List<StoredPolicy> next = due.stream().filter(policy -> !begun.contains(policy.domain())).toList();
                for (StoredPolicy policy : next) {
                    begun.add(policy.domain());
                    // one that is done makes room for the next: slow hosts do not hold up those behind them
                    places.acquireUninterruptibly();
                    threads.execute(() -> refresh(policy, places));
                }
                underWay = due.size() - next.size();
            }
        }
    }

    private void refresh(StoredPolicy due, Semaphore places) {
        try {
            policies.refresh(due);
        } finally {
            places.release();
        }
    }
}
