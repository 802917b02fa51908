package jamestls.mtasts.sts;

import jamestls.mtasts.dns.DomainName;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store with a memory in front, that never throws. While the store behind is out of order, deliveries go by the memory: no
 * policy this server has used is lost and no mail waits. What was saved meanwhile reaches the store with the next refresh.
 */
final class OutageProofStore implements PolicyStore {

    private static final Logger LOGGER = LoggerFactory.getLogger(OutageProofStore.class);

    private final PolicyStore memory = new MemoryPolicyStore();
    private final PolicyStore lasting;
    private final AtomicBoolean outOfOrder = new AtomicBoolean();

    OutageProofStore(PolicyStore lasting) {
        this.lasting = lasting;
    }

    @Override
    public Optional<StoredPolicy> find(DomainName domain) {
        Optional<StoredPolicy> remembered = memory.find(domain);
        return remembered.isPresent() ? remembered : findAgain(domain);
    }

    /** Looks behind the memory, too: another server may have fetched since. */
    Optional<StoredPolicy> findAgain(DomainName domain) {
        ask(() -> lasting.find(domain), Optional.<StoredPolicy>empty()).ifPresent(memory::save);
        return memory.find(domain);
    }

    @Override
    public void save(StoredPolicy policy) {
        memory.save(policy);
        tell(() -> lasting.save(policy));
    }

    @Override
    public void used(DomainName domain, Instant at) {
        memory.used(domain, at);
        tell(() -> lasting.used(domain, at));
    }

    @Override
    public List<StoredPolicy> due(Instant now, Instant usedSince, int limit) {
        return ask(() -> lasting.due(now, usedSince, limit), memory.due(now, usedSince, limit));
    }

    @Override
    public void removeExpired(Instant now) {
        memory.removeExpired(now);
        tell(() -> lasting.removeExpired(now));
    }

    private void tell(Runnable write) {
        ask(() -> {
            write.run();
            return Boolean.TRUE;
        }, Boolean.FALSE);
    }

    private <T> T ask(Supplier<T> question, T otherwise) {
        try {
            T answer = question.get();
            if (outOfOrder.compareAndSet(true, false)) {
                LOGGER.info("The store of MTA-STS policies is back in order");
            }
            return answer;
        } catch (RuntimeException e) {
            if (outOfOrder.compareAndSet(false, true)) {
                LOGGER.warn("The store of MTA-STS policies is out of order; going on with the policies in memory", e);
            }
            return otherwise;
        }
    }
}
