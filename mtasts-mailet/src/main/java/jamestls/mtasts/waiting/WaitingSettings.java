package jamestls.mtasts.waiting;

import jamestls.config.Parameters;
import jamestls.storage.DatabaseAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.james.mailrepository.api.MailRepositoryUrl;

/**
 * The parameters {@code waiting} and {@code waitingRepository}.
 *
 * @param place where mails wait for their next attempt; empty to find out what the queue can do
 * @param repository the URL of the repository; empty for James's default protocol
 */
public record WaitingSettings(Optional<Place> place, Optional<String> repository) {

    /** Protocols of repositories that all servers of an installation share, and whose mails are found by key. */
    static final Set<String> SHARED = Set.of("cassandra", "postgres");
    private static final String PATH = "://var/mail/outgoing-waiting/";
    private static final String REMEDY = "; set 'database' to a PostgreSQL and 'waitingRepository' to a repository that all servers "
        + "share (" + String.join("://, ", List.of("cassandra", "postgres")) + "://)";

    /** Where mails wait. */
    public enum Place {
        /** In James's queue, which must honour delays. */
        QUEUE,
        /** In a mail repository, with their due times in PostgreSQL. */
        REPOSITORY
    }

    /** Reads the parameters. */
    public static WaitingSettings of(Parameters parameters) {
        return new WaitingSettings(
            parameters.read("waiting", "queue, repository", text -> switch (text) {
                case "queue" -> Place.QUEUE;
                case "repository" -> Place.REPOSITORY;
                default -> throw new IllegalArgumentException();
            }),
            parameters.read("waitingRepository", "the URL of a mail repository, such as 'postgres" + PATH + "'", WaitingSettings::checked));
    }

    private static String checked(String url) {
        if (!url.matches("[a-z][a-z0-9+.-]*://.+")) {
            throw new IllegalArgumentException();
        }
        return url;
    }

    /**
     * Finds the repository to use.
     *
     * @param database the configured database; empty for memory
     * @param defaultProtocol James's default protocol of repositories
     */
    public Choice choose(Optional<DatabaseAddress> database, Supplier<Optional<String>> defaultProtocol) {
        if (database.filter(DatabaseAddress.PostgreSql.class::isInstance).isEmpty()) {
            return new Choice(Optional.empty(), "the due times of mails that wait in a repository need PostgreSQL" + REMEDY);
        }
        Optional<String> url = repository.or(() -> defaultProtocol.get().map(protocol -> protocol + PATH));
        if (url.isEmpty()) {
            return new Choice(Optional.empty(), "James has no default protocol of mail repositories" + REMEDY);
        }
        if (!SHARED.contains(url.get().substring(0, url.get().indexOf("://")))) {
            return new Choice(Optional.empty(), "servers do not share the mail repository " + url.get() + REMEDY);
        }
        return new Choice(url, "");
    }

    /**
     * The repository, or why there is none.
     *
     * @param url a {@link MailRepositoryUrl}; empty if mails can't wait in a repository
     * @param objection the reason in that case, with the remedy
     */
    public record Choice(Optional<String> url, String objection) {
    }
}
