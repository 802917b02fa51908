package jamestls.mtasts.waiting;

import jakarta.mail.MessagingException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.james.queue.api.MailQueue;
import org.apache.james.queue.api.MailQueueName;
import org.apache.mailet.Mail;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A queue that ignores delays, as James's on RabbitMQ does: what is put into it can be taken at once. Several servers may share it. */
public class DirectQueue implements MailQueue {

    private final LinkedBlockingQueue<Mail> mails = new LinkedBlockingQueue<>();
    /** The names of mails that were acknowledged, and of those that were returned unacknowledged. */
    public final List<String> succeeded = new CopyOnWriteArrayList<>();
    public final List<String> returned = new CopyOnWriteArrayList<>();
    /** How often a mail was put into it. */
    public final AtomicInteger published = new AtomicInteger();
    public final AtomicInteger inHand = new AtomicInteger();
    /** Called before a mail is put into it, and after. */
    public volatile Consumer<Mail> before = mail -> { };
    public volatile Consumer<Mail> after = mail -> { };

    @Override
    public MailQueueName getName() {
        return MailQueueName.of("outgoing");
    }

    @Override
    public void enQueue(Mail mail, Duration ignored) {
        enQueue(mail);
    }

    @Override
    public void enQueue(Mail mail) {
        before.accept(mail);
        try {
            Mail copy = mail.duplicate();
            copy.setName(mail.getName());
            mails.add(copy);
        } catch (MessagingException e) {
            throw new IllegalStateException(e);
        }
        published.incrementAndGet();
        after.accept(mail);
    }

    @Override
    public Publisher<Void> enqueueReactive(Mail mail) {
        return Mono.fromRunnable(() -> enQueue(mail));
    }

    @Override
    public Publisher<MailQueueItem> deQueue() {
        return Flux.from(Mono.fromCallable(() -> item(mails.take())).repeat());
    }

    private MailQueueItem item(Mail mail) {
        inHand.incrementAndGet();
        return new MailQueueItem() {
            @Override
            public Mail getMail() {
                return mail;
            }

            @Override
            public void done(CompletionStatus status) {
                inHand.decrementAndGet();
                if (status == CompletionStatus.RETRY) {
                    returned.add(mail.getName());
                    mails.add(mail);
                } else {
                    succeeded.add(mail.getName());
                }
            }
        };
    }

    /** Takes the next mail, as a server does that dies before it acknowledges it. */
    public Mail take() {
        return mails.poll();
    }

    public int size() {
        return mails.size();
    }

    /** The mails in it. */
    public List<Mail> mails() {
        return List.copyOf(mails);
    }

    @Override
    public void close() {
        // it ends with the test
    }
}
