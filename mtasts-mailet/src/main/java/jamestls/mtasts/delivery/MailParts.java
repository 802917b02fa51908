package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jamestls.mtasts.waiting.Publisher;
import jamestls.mtasts.waiting.WaitingRepository;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.james.core.Domain;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.queue.api.MailQueue;
import org.apache.mailet.Mail;

/** Parts of a mail, with some of its recipients each, that are queued on their own. */
final class MailParts {

    private MailParts() {
    }

    /** Groups the recipients. Mails queued for a former gateway, or by other mailets, may have recipients in several domains. */
    static Map<Domain, List<MailAddress>> byDomain(Mail mail) {
        Map<Domain, List<MailAddress>> byDomain = new LinkedHashMap<>();
        mail.getRecipients().forEach(recipient ->
            byDomain.computeIfAbsent(recipient.getDomain(), domain -> new ArrayList<>()).add(recipient));
        return byDomain;
    }

    /** Queues the recipients of one domain. */
    static void enqueue(MailQueue queue, Mail mail, Domain domain, List<MailAddress> recipients) throws MessagingException {
        Mail part = mail.duplicate();
        try {
            part.setName(mail.getName() + "-to-" + domain.asString());
            part.setRecipients(recipients);
            Publisher.publish(queue, part);
        } finally {
            LifecycleUtil.dispose(part);
        }
    }

    /** Queues the recipients that a server did not take together with others. */
    static void enqueueRest(MailQueue queue, Mail mail, Collection<MailAddress> recipients, Duration delay) throws MessagingException {
        Mail rest = mail.duplicate();
        try {
            rest.setRecipients(recipients);
            WaitingRepository.split(rest);
            Publisher.publish(queue, rest, delay);
        } finally {
            LifecycleUtil.dispose(rest);
        }
    }
}
