package jamestls.mtasts;

import jakarta.inject.Inject;
import jakarta.mail.MessagingException;
import jamestls.config.ConfigurationException;
import jamestls.config.Parameters;
import jamestls.mtasts.delivery.DeliverySettings;
import jamestls.mtasts.delivery.QueueWorker;
import jamestls.mtasts.delivery.Router;
import jamestls.mtasts.waiting.Publisher;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.OwnDomainEvents;
import jamestls.outcome.TlsOutcomes;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.james.core.Domain;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.queue.api.MailQueue;
import org.apache.james.queue.api.MailQueueFactory;
import org.apache.james.queue.api.MailQueueName;
import org.apache.mailet.Mail;
import org.apache.mailet.ProcessingState;
import org.apache.mailet.base.GenericMailet;

/**
 * Delivers mail to other servers as stock {@code RemoteDelivery} does, and protects it on the way: the recipient domain's
 * MTA-STS policy (RFC 8461) decides which hosts may have it and what their TLS must prove; without a policy TLS is used
 * where it is offered. REQUIRETLS and {@code TLS-Required: No} (RFC 8689) are honoured. A mail that no host may have is
 * kept and tried again, and the log says why.
 *
 * <pre><code>
 * &lt;mailet match="All" class="jamestls.mtasts.SecureRemoteDelivery"&gt;
 *   &lt;outgoing&gt;outgoing&lt;/outgoing&gt;
 *   &lt;delayTime&gt;5m, 15m, 3*30m, 2h, 10*6h&lt;/delayTime&gt;
 *   &lt;maxRetries&gt;16&lt;/maxRetries&gt;
 *   &lt;bounceProcessor&gt;bounces&lt;/bounceProcessor&gt;
 * &lt;/mailet&gt;
 * </code></pre>
 *
 * <p>The mailet only splits mails by recipient domain and puts them into the queue; the rest is done behind it. All
 * parameters: docs/configuration.md.
 */
public class SecureRemoteDelivery extends GenericMailet {

    /** Its class, as commands look for it in mailetcontainer.xml. */
    public static final String NAME = "SecureRemoteDelivery";
    /** The maximum of AMQP 0-9-1. */
    private static final int MAX_PREFETCH = 65_535;
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(SecureRemoteDelivery.class);

    private final JamesServices james;
    private final MailQueueFactory<?> queues;
    private final TlsOutcomes outcomes;
    private final HealthRegistry health;
    private final RunningDeliveries running;
    private final OwnDomainEvents events;
    private final Clock clock;

    private final Audit audit = Audit.ofJames();
    private DeliverySettings settings;
    private MailQueue queue;
    private Outbound outbound;
    private QueueWorker worker;
    private HealthRegistry.HealthProbe probe;

    @Inject
    public SecureRemoteDelivery(JamesServices james, MailQueueFactory<?> queues, TlsOutcomes outcomes, HealthRegistry health,
                                RunningDeliveries running, OwnDomainEvents events, Clock clock) {
        this.james = james;
        this.queues = queues;
        this.outcomes = outcomes;
        this.health = health;
        this.running = running;
        this.events = events;
        this.clock = clock;
    }

    /** @throws MessagingException naming each mistake in the parameters, and what is allowed; James then does not start */
    @Override
    public void init() throws MessagingException {
        Parameters parameters = Parameters.of(NAME, getMailetConfig().getInitParameterNames(), getMailetConfig()::getInitParameter,
            new StockNames(), james);
        try {
            outbound = Outbound.open(parameters, james, outcomes, clock);
        } catch (ConfigurationException e) {
            throw new MessagingException(e.getMessage(), e);
        }
        parameters.warnings().forEach(LOGGER::warn);
        settings = outbound.settings().delivery();
        // RabbitMQ's queue would deliver five mails at a time
        queue = queues.createQueue(MailQueueName.of(settings.queue()),
            MailQueueFactory.prefetchCount(Math.min(settings.limits().mailsInHand(), MAX_PREFETCH)));
        worker = outbound.work(queue, getMailetContext());
        probe = new HealthRegistry.HealthProbe() {
            @Override
            public List<String> get() {
                return Stream.concat(outbound.problems().stream(), worker.problems().stream()).toList();
            }

            @Override
            public List<String> notes() {
                return outbound.rules().notes();
            }
        };
        health.watch(probe);
        running.add(outbound);
        outbound.ownDomains().ifPresent(events::add);
    }

    @Override
    public void service(Mail mail) throws MessagingException {
        if (settings.gateways().isPresent() && !mail.getRecipients().isEmpty()) {
            // one transaction for all: who takes it does not depend on the domain
            enqueue(mail, mail.getName(), mail.getRecipients());
        } else {
            Map<Domain, List<MailAddress>> byDomain = new LinkedHashMap<>();
            for (MailAddress recipient : mail.getRecipients()) {
                byDomain.computeIfAbsent(recipient.getDomain(), domain -> new ArrayList<>()).add(recipient);
            }
            for (var recipients : byDomain.entrySet()) {
                enqueue(mail, mail.getName() + "-to-" + recipients.getKey().asString(), recipients.getValue());
            }
        }
        audit.planned(mail, settings.gateways());
        mail.setState(Mail.GHOST);
    }

    private void enqueue(Mail mail, String name, Collection<MailAddress> recipients) throws MessagingException {
        Mail queued = mail.duplicate();
        try {
            queued.setName(name);
            queued.setRecipients(recipients);
            Router.begin(queued);
            settings.retries().schedule().priority().begin(queued);
            Publisher.publishPersistently(queue, queued);
        } finally {
            LifecycleUtil.dispose(queued);
        }
    }

    @Override
    public void destroy() {
        if (worker != null) {
            health.forget(probe);
            worker.close();
        }
        if (outbound != null) {
            running.remove(outbound);
            outbound.ownDomains().ifPresent(events::remove);
            outbound.close();
        }
        if (queue != null) {
            try {
                queue.close();
            } catch (IOException e) {
                LOGGER.warn("Queue {} did not close", settings.queue(), e);
            }
        }
    }

    @Override
    public Collection<ProcessingState> requiredProcessingState() {
        List<ProcessingState> states = new ArrayList<>();
        settings.processors().bounce().map(ProcessingState::new).ifPresent(states::add);
        settings.processors().success().map(ProcessingState::new).ifPresent(states::add);
        settings.processors().delay().processor().map(ProcessingState::new).ifPresent(states::add);
        return states;
    }

    @Override
    public String getMailetInfo() {
        return "SecureRemoteDelivery: remote delivery with MTA-STS (RFC 8461)";
    }
}
