package jamestls.mtasts;

import jakarta.mail.MessagingException;
import jamestls.mtasts.delivery.DeliveryMetrics;
import jamestls.mtasts.delivery.DeliveryMetrics.Count;
import jamestls.mtasts.delivery.WaitingPlace;
import jamestls.mtasts.waiting.WaitingIndex;
import jamestls.mtasts.waiting.WaitingIndex.Counts;
import jamestls.mtasts.waiting.WaitingRepository;
import jamestls.mtasts.waiting.WaitingSettings;
import jamestls.storage.Database;
import java.util.Optional;
import java.util.function.ToLongFunction;
import org.apache.james.mailrepository.api.MailRepository;
import org.apache.james.mailrepository.api.MailRepositoryStore;
import org.apache.james.mailrepository.api.MailRepositoryUrl;
import org.apache.james.mailrepository.api.Protocol;
import org.apache.james.queue.api.MailQueue;

/** Creates the place where the mails of a queue wait, from the settings and what James offers. */
final class WaitingPlaces {

    private WaitingPlaces() {
    }

    /** @param database empty if it is in memory */
    static WaitingPlace of(MailQueue queue, OutboundSettings settings, Optional<Database> database, Services services) {
        WaitingSettings wanted = settings.delivery().retries().waiting();
        WaitingSettings.Choice choice = wanted.choose(settings.sts().database(),
            () -> services.repositories().flatMap(MailRepositoryStore::defaultProtocol).map(Protocol::getValue));
        // mails that wait there already are resumed whatever the settings are now
        Optional<WaitingRepository> repository = database.filter(open -> open.dialect() == Database.Dialect.POSTGRESQL)
            .flatMap(postgres -> services.repositories().map(james -> repository(queue, new WaitingIndex(postgres,
                settings.delivery().queue()), choice.url(), james, services)));
        gauge(services, "mtastsWaiting", repository, Counts::waiting);
        gauge(services, "mtastsWaitingOverdue", repository, Counts::overdue);
        gauge(services, "mtastsWaitingMissing", repository, Counts::missing);
        return WaitingPlace.choose(queue, wanted, repository, choice.objection(), settings.delivery().limits().mailsInHand());
    }

    private static WaitingRepository repository(MailQueue queue, WaitingIndex index, Optional<String> url, MailRepositoryStore james,
                                                Services services) {
        DeliveryMetrics metrics = services.metrics();
        return new WaitingRepository(queue, index, url, where -> open(james, where), event -> metrics.count(Count.of(event)));
    }

    /** Zero without a repository, so that alerts find the metric on every server. */
    private static void gauge(Services services, String name, Optional<WaitingRepository> repository, ToLongFunction<Counts> number) {
        services.gauge(name, () -> repository.map(outside -> number.applyAsLong(outside.counts())).orElse(0L));
    }

    private static MailRepository open(MailRepositoryStore james, String url) throws MessagingException {
        try {
            return james.select(MailRepositoryUrl.from(url));
        } catch (MailRepositoryStore.MailRepositoryStoreException | RuntimeException e) {
            throw new MessagingException("the mail repository " + url + " could not be opened", e);
        }
    }
}
