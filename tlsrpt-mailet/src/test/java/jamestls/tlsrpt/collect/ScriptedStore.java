package jamestls.tlsrpt.collect;

import jamestls.tlsrpt.store.Claim;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.MemoryTallyStore;
import jamestls.tlsrpt.store.Tally;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import jamestls.tlsrpt.store.TallyStore;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Store in memory that runs steps of a test before or after each write. */
final class ScriptedStore implements TallyStore {

    private final MemoryTallyStore memory = new MemoryTallyStore(TallyLimits.DEFAULT);
    private final int writers;
    private final List<WriteId> tried = new CopyOnWriteArrayList<>();
    private volatile Consumer<WriteId> before = group -> { };
    private volatile Consumer<WriteId> after = group -> { };

    /** @param writers the number of concurrent writes */
    ScriptedStore(int writers) {
        this.writers = writers;
    }

    void before(Consumer<WriteId> step) {
        before = step;
    }

    void after(Consumer<WriteId> step) {
        after = step;
    }

    /** The ids of all writes, repeated ones included. */
    List<WriteId> tried() {
        return List.copyOf(tried);
    }

    @Override
    public int add(WriteId group, List<Tally> tallies) {
        tried.add(group);
        before.accept(group);
        int dropped = memory.add(group, tallies);
        after.accept(group);
        return dropped;
    }

    @Override
    public int concurrentWrites() {
        return writers;
    }

    @Override
    public List<TallyKey> claimable(Due due, Optional<TallyKey> afterKey, int most) {
        return memory.claimable(due, afterKey, most);
    }

    @Override
    public List<Claim> claim(List<TallyKey> keys, Due due) {
        return memory.claim(keys, due);
    }

    @Override
    public List<Boolean> end(List<Claim.Result> results) {
        return memory.end(results);
    }

    @Override
    public boolean postpone(Claim claim, Instant notBefore) {
        return memory.postpone(claim, notBefore);
    }

    @Override
    public void forget(LocalDate firstKept) {
        memory.forget(firstKept);
    }
}
