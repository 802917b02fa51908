package jamestls.mtasts.delivery;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.james.queue.api.MailQueueName;
import org.apache.james.queue.api.ManageableMailQueue;
import org.apache.mailet.Mail;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A queue that blocks whoever asks it for the next mail, as James's queues on JMS do, and knows what became of each. */
public final class MemoryQueue implements ManageableMailQueue {

    private record Entry(Mail mail, long due) implements Delayed {
        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(due - System.nanoTime(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(due, ((Entry) other).due);
        }
    }

    final AtomicInteger inHand = new AtomicInteger();
    final AtomicInteger mostInHand = new AtomicInteger();
    final List<String> succeeded = new CopyOnWriteArrayList<>();
    final List<String> returned = new CopyOnWriteArrayList<>();
    final List<Duration> delays = new CopyOnWriteArrayList<>();
    /** How often it fails before it takes the next mail with a delay, and before it hands out the next. */
    final AtomicInteger refusals = new AtomicInteger();
    final AtomicInteger failures = new AtomicInteger();
    /** What it throws then; a MailQueueException in place of any other checked one. */
    volatile Supplier<Throwable> failure = () -> new MailQueueException("the broker is away");
    /** How often it was asked for a mail, and how often whoever asked was interrupted. */
    final AtomicInteger asked = new AtomicInteger();
    final AtomicInteger interrupted = new AtomicInteger();
    /** Runs before each acknowledgement. */
    volatile Runnable acknowledgement = () -> { };
    private final BlockingQueue<Entry> mails = new DelayQueue<>();

    @Override
    public MailQueueName getName() {
        return MailQueueName.of("outgoing");
    }

    @Override
    public void enQueue(Mail mail, Duration delay) throws MailQueueException {
        if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new MailQueueException("the broker is away");
        }
        delays.add(delay);
        try {
            mails.add(new Entry(mail.duplicate(), System.nanoTime() + delay.toNanos()));
        } catch (jakarta.mail.MessagingException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void enQueue(Mail mail) {
        mails.add(new Entry(mail, System.nanoTime()));
    }

    @Override
    public Publisher<Void> enqueueReactive(Mail mail) {
        return Mono.fromRunnable(() -> enQueue(mail));
    }

    @Override
    public Publisher<MailQueueItem> deQueue() {
        return Flux.from(Mono.fromCallable(this::next).repeat());
    }

    /** How many mails wait in it. */
    public int size() {
        return mails.size();
    }

    @Override
    public long getSize() {
        return mails.size();
    }

    @Override
    public long flush() {
        List<Entry> flushed = new ArrayList<>();
        for (Entry entry : mails.toArray(Entry[]::new)) {
            if (mails.remove(entry)) {
                flushed.add(entry);
            }
        }
        flushed.forEach(entry -> enQueue(entry.mail()));
        return flushed.size();
    }

    @Override
    public long clear() {
        throw new UnsupportedOperationException("nobody does that");
    }

    @Override
    public long remove(Type type, String value) {
        throw new UnsupportedOperationException("nobody does that");
    }

    @Override
    public MailQueueIterator browse() {
        throw new UnsupportedOperationException("nobody does that");
    }

    /** The mails that wait in it. */
    List<Mail> mails() {
        return mails.stream().map(Entry::mail).toList();
    }

    @Override
    public void close() {
        // it ends with the test
    }

    private MailQueueItem next() throws InterruptedException, MailQueueException {
        if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            switch (failure.get()) {
                case Error error -> throw error;
                case RuntimeException exception -> throw exception;
                default -> throw new MailQueueException("the broker is away");
            }
        }
        Mail mail = take();
        mostInHand.accumulateAndGet(inHand.incrementAndGet(), Math::max);
        return new MailQueueItem() {
            @Override
            public Mail getMail() {
                return mail;
            }

            @Override
            public void done(CompletionStatus status) {
                inHand.decrementAndGet();
                acknowledgement.run();
                (status == CompletionStatus.SUCCESS ? succeeded : returned).add(mail.getName());
            }
        };
    }

    private Mail take() throws InterruptedException {
        asked.incrementAndGet();
        try {
            return mails.take().mail();
        } catch (InterruptedException e) {
            interrupted.incrementAndGet();
            throw e;
        }
    }
}
