package jamestls.tlsrpt.collect;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.met;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.SettableClock;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.apache.james.metrics.api.Metric;
import org.apache.james.metrics.api.MetricFactory;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OutcomeJournalTest {

    private static final Duration AGES = Duration.ofMinutes(5);
    private static final Duration INSTANT = Duration.ofMillis(20);

    private final RecordingMetricFactory metrics = new RecordingMetricFactory();
    private final SettableClock clock = new SettableClock(NOON);
    private final ScriptedStore store = new ScriptedStore(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private final List<OutcomeJournal> journals = new ArrayList<>();

    @AfterEach
    void close() {
        go.countDown();
        journals.forEach(OutcomeJournal::close);
    }

    @Test
    void recordShouldReturnWhenItsGroupIsCommittedAndNotBefore() {
        OutcomeJournal journal = journal(AGES);
        store.before(group -> awaitQuietly(go));
        CompletableFuture<Void> recorded = recordIn(journal);
        await().until(() -> store.tried().size() == 1);

        assertThat(recorded).isNotDone();
        assertThat(metrics.countFor("tlsOutcomesRecorded")).isZero();
        go.countDown();
        recorded.join();
        assertThat(sessions()).isEqualTo(1);
        assertThat(metrics.countFor("tlsOutcomesRecorded")).isEqualTo(1);
    }

    @Test
    void outcomesRecordedDuringAWriteShouldFormOneGroup() {
        OutcomeJournal journal = journal(AGES);
        store.before(group -> awaitQuietly(go));
        List<CompletableFuture<Void>> recorded = new ArrayList<>(List.of(recordIn(journal)));
        await().until(() -> store.tried().size() == 1);
        IntStream.range(0, 99).forEach(i -> recorded.add(recordIn(journal)));
        await().until(() -> journal.state().waiting() == 100);
        go.countDown();
        recorded.forEach(CompletableFuture::join);

        assertThat(store.tried()).hasSize(2);
        assertThat(sessions()).isEqualTo(100);
        assertThat(journal.state().waiting()).isZero();
    }

    @Test
    void secondGroupShouldBeWrittenWhileTheFirstIsBeingCommitted() {
        ScriptedStore two = new ScriptedStore(2);
        two.before(group -> awaitQuietly(go));
        OutcomeJournal journal = journal(two);
        CompletableFuture<Void> first = recordIn(journal);
        await().until(() -> two.tried().size() == 1);
        CompletableFuture<Void> second = recordIn(journal);
        await().until(() -> two.tried().size() == 2);

        assertThat(two.tried()).extracting(WriteId::writer).doesNotHaveDuplicates();
        assertThat(List.of(first, second)).noneMatch(CompletableFuture::isDone);
        assertThat(journal.state().waiting()).isEqualTo(2);
        go.countDown();
        CompletableFuture.allOf(first, second).join();
        assertThat(two.claim(new TallyKey(DAY, RCPT), Due.everything(NOON)).orElseThrow().tally().sessions()).isEqualTo(2);
    }

    @Test
    void failingStoreShouldBeTriedWithOneGroupAtATime() {
        ScriptedStore two = new ScriptedStore(2);
        two.before(group -> {
            if (go.getCount() > 0) {
                throw new StorageOutage("not today", null);
            }
        });
        OutcomeJournal journal = journal(two);
        IntStream.range(0, 1_000).forEach(i -> journal.record(List.of(met(NOON))));

        assertThat(Set.copyOf(two.tried())).hasSize(1);
        assertThat(journal.state().waiting()).isEqualTo(1_000);
        go.countDown();
        await().until(() -> journal.state().waiting() == 0);
        assertThat(two.claim(new TallyKey(DAY, RCPT), Due.everything(NOON)).orElseThrow().tally().sessions()).isEqualTo(1_000);
    }

    @Test
    void failingStoreShouldDelayNoDeliveryAndGetEverySessionLater() {
        OutcomeJournal journal = journal(AGES);
        store.before(group -> {
            if (go.getCount() > 0) {
                throw new StorageOutage("not today", null);
            }
        });
        IntStream.range(0, 1_000).forEach(i -> journal.record(List.of(met(NOON))));

        assertThat(journal.state()).isEqualTo(new OutcomeJournal.State(1_000, 0, Optional.of(NOON), "not today"));
        go.countDown();
        await().until(() -> journal.state().waiting() == 0);
        assertThat(sessions()).isEqualTo(1_000);
        assertThat(journal.state().failingSince()).isEmpty();
        assertThat(metrics.countFor("tlsOutcomesDropped")).isZero();
    }

    @Test
    void writeOfUnknownOutcomeShouldCountOnce() {
        OutcomeJournal journal = journal(AGES);
        store.after(group -> {
            if (store.tried().size() == 1) {
                throw new StorageOutage("committed, but who knows", null);
            }
        });
        journal.record(List.of(met(NOON)));
        await().until(() -> journal.state().waiting() == 0);

        assertThat(store.tried()).hasSize(2).containsOnly(store.tried().getFirst());
        assertThat(sessions()).isEqualTo(1);
    }

    @Test
    void slowStoreShouldDelayOneDeliveryUntilItIsFastAgain() {
        OutcomeJournal journal = journal(INSTANT);
        store.before(group -> awaitQuietly(go));
        journal.record(List.of(met(NOON)));
        // would take a quarter of an hour if every delivery waited
        IntStream.range(0, 50_000).forEach(i -> journal.record(List.of(met(NOON))));
        go.countDown();
        await().until(() -> journal.state().waiting() == 0);

        assertThat(sessions()).isEqualTo(50_001);
    }

    @Test
    void afterAnOutageDeliveriesShouldWaitForTheCommitAgain() {
        OutcomeJournal journal = journal(AGES);
        store.before(group -> {
            if (store.tried().size() == 1) {
                throw new StorageOutage("a moment", null);
            }
        });
        journal.record(List.of(met(NOON)));
        await().until(() -> journal.state().failingSince().isEmpty());
        CountDownLatch second = new CountDownLatch(1);
        store.before(group -> awaitQuietly(second));
        CompletableFuture<Void> recorded = recordIn(journal);
        await().until(() -> store.tried().size() == 3);

        assertThat(recorded).isNotDone();
        second.countDown();
        recorded.join();
    }

    @Test
    void sessionsBeyondTheMemoryLimitsShouldBeDroppedAndCounted() {
        OutcomeJournal journal = new OutcomeJournal(store, new TallyLimits(1, 2, 10, 10, 1 << 20), metrics, clock, AGES);
        journals.add(journal);
        journal.record(IntStream.range(0, 5).mapToObj(i -> met(NOON, DomainName.of("d" + i + ".example"))).toList());

        assertThat(journal.state().dropped()).isEqualTo(3);
        assertThat(metrics.countFor("tlsOutcomesDropped")).isEqualTo(3);
        assertThat(metrics.countFor("tlsOutcomesRecorded")).isEqualTo(2);
    }

    @Test
    void exceptionOfTheStoreShouldLoseOneGroupOnly() {
        OutcomeJournal journal = journal(AGES);
        store.before(group -> {
            if (group.number() == 1) {
                throw new IllegalStateException("a mistake");
            }
        });
        journal.record(List.of(met(NOON)));
        journal.record(List.of(met(NOON)));

        assertThat(sessions()).isEqualTo(1);
        assertThat(journal.state().dropped()).isEqualTo(1);
    }

    @Test
    void errorOfTheStoreShouldBeRetriedAndShown() {
        OutcomeJournal journal = journal(AGES);
        store.before(group -> {
            if (go.getCount() > 0) {
                throw new OutOfMemoryError("not enough");
            }
        });
        journal.record(List.of(met(NOON)));

        assertThat(journal.state().failingSince()).contains(NOON);
        assertThat(journal.state().failure()).contains("OutOfMemoryError", "not enough");
        go.countDown();
        await().until(() -> journal.state().waiting() == 0);
        assertThat(sessions()).isEqualTo(1);
        assertThat(journal.state().failingSince()).isEmpty();
    }

    @Test
    void metricThatThrowsShouldNotEndTheJournal() {
        Metric broken = (Metric) Proxy.newProxyInstance(Metric.class.getClassLoader(), new Class<?>[] {Metric.class}, (self, call, no) -> {
            throw new IllegalStateException("a broken metric");
        });
        MetricFactory brokenMetrics = new RecordingMetricFactory() {
            @Override
            public Metric generate(String name) {
                return broken;
            }
        };
        OutcomeJournal journal = new OutcomeJournal(store, new TallyLimits(1, 1, 10, 10, 1 << 20), brokenMetrics, clock, AGES);
        journals.add(journal);
        journal.record(List.of(met(NOON), met(NOON, DomainName.of("noroom.example"))));
        journal.record(List.of(met(NOON)));

        assertThat(sessions()).isEqualTo(2);
        assertThat(journal.state().dropped()).isEqualTo(1);
    }

    @Test
    void anyThrowableShouldLoseOneGroupOnly() {
        OutcomeJournal journal = journal(AGES);
        store.before(group -> {
            if (group.number() == 1) {
                throw OutcomeJournalTest.<RuntimeException>sneaky(new IOException("declared by nobody"));
            }
        });
        journal.record(List.of(met(NOON)));
        journal.record(List.of(met(NOON)));

        assertThat(sessions()).isEqualTo(1);
        assertThat(journal.state().dropped()).isEqualTo(1);
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> E sneaky(Throwable thrown) throws E {
        throw (E) thrown;
    }

    @Test
    void closeShouldWriteTheRemainingOutcomes() {
        OutcomeJournal journal = journal(INSTANT);
        store.before(group -> awaitQuietly(go));
        IntStream.range(0, 10).forEach(i -> journal.record(List.of(met(NOON))));
        go.countDown();
        journal.close();

        assertThat(sessions()).isEqualTo(10);
    }

    @Test
    void closeWithAFailingStoreShouldEndAndLogTheLoss() {
        OutcomeJournal journal = journal(AGES);
        store.before(group -> {
            throw new StorageOutage("gone", null);
        });
        journal.record(List.of(met(NOON)));
        journal.close();

        assertThat(journal.state().waiting()).isEqualTo(1);
    }

    private OutcomeJournal journal(Duration patience) {
        OutcomeJournal journal = new OutcomeJournal(store, TallyLimits.DEFAULT, metrics, clock, patience);
        journals.add(journal);
        return journal;
    }

    private OutcomeJournal journal(ScriptedStore other) {
        OutcomeJournal journal = new OutcomeJournal(other, TallyLimits.DEFAULT, metrics, clock, AGES);
        journals.add(journal);
        return journal;
    }

    private static CompletableFuture<Void> recordIn(OutcomeJournal journal) {
        return CompletableFuture.runAsync(() -> journal.record(List.of(met(NOON))), Thread::startVirtualThread);
    }

    private long sessions() {
        return store.claim(new TallyKey(DAY, RCPT), Due.everything(NOON)).orElseThrow().tally().sessions();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
