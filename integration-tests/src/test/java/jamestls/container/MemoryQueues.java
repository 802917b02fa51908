package jamestls.container;

import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;
import org.apache.james.queue.api.MailQueue;
import org.apache.james.queue.api.MailQueueFactory;
import org.apache.james.queue.api.MailQueueName;
import org.apache.mailet.Mail;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Mail queues in memory: Maven Central has none for James 3.9.0. Like James's own ones they hand out an item once,
 * take it back on RETRY, and drop it on any other completion.
 */
final class MemoryQueues implements MailQueueFactory<MailQueue> {

    private final Map<MailQueueName, MailQueue> queues = new ConcurrentHashMap<>();

    @Override
    public Optional<MailQueue> getQueue(MailQueueName name, PrefetchCount count) {
        return Optional.ofNullable(queues.get(name));
    }

    @Override
    public MailQueue createQueue(MailQueueName name, PrefetchCount count) {
        return queues.computeIfAbsent(name, MemoryQueue::new);
    }

    @Override
    public Set<MailQueueName> listCreatedMailQueues() {
        return Set.copyOf(queues.keySet());
    }

    private static final class MemoryQueue implements MailQueue {

        private final MailQueueName name;
        private final DelayQueue<Entry> entries = new DelayQueue<>();

        MemoryQueue(MailQueueName name) {
            this.name = name;
        }

        @Override
        public MailQueueName getName() {
            return name;
        }

        @Override
        public void enQueue(Mail mail, Duration delay) throws MailQueueException {
            try {
                // a message of its own: whoever put it in may change or dispose of his
                Mail own = mail.duplicate();
                own.setName(mail.getName());
                own.setState(mail.getState());
                own.setMessage(new MimeMessage(mail.getMessage()));
                entries.add(new Entry(own, System.nanoTime() + delay.toNanos()));
            } catch (MessagingException e) {
                throw new MailQueueException("cannot keep " + mail.getName(), e);
            }
        }

        @Override
        public void enQueue(Mail mail) throws MailQueueException {
            enQueue(mail, Duration.ZERO);
        }

        @Override
        public Publisher<Void> enqueueReactive(Mail mail) {
            return Mono.fromRunnable(() -> {
                try {
                    enQueue(mail);
                } catch (MailQueueException e) {
                    throw new IllegalStateException(e);
                }
            });
        }

        @Override
        public Publisher<MailQueueItem> deQueue() {
            return Mono.<MailQueueItem>fromCallable(() -> item(entries.take()))
                .subscribeOn(Schedulers.boundedElastic())
                .repeat();
        }

        @Override
        public void close() {
            entries.clear();
        }

        private MailQueueItem item(Entry entry) {
            return new MailQueueItem() {
                @Override
                public Mail getMail() {
                    return entry.mail();
                }

                @Override
                public void done(CompletionStatus status) {
                    if (status == CompletionStatus.RETRY) {
                        entries.add(entry);
                    }
                }
            };
        }
    }

    private record Entry(Mail mail, long dueNanos) implements Delayed {

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(dueNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
        }
    }
}
