package jamestls.page;

import jamestls.dns.DomainName;
import java.util.List;
import java.util.Optional;

/**
 * One module's part of the page. It reads from memory and databases, changes nothing and connects to nobody. Methods may throw
 * {@code StorageOutage}; the page then says so in place of the part.
 */
public interface PageContent {

    /** The name in an error message of the page, for example {@code the counts of sessions}. */
    String name();

    /** What the operator should look at now, the most urgent first. */
    List<Attention> attention();

    /** Writes the sections of the first page. */
    default void overview(Html page) {
    }

    /** Writes the sections about one domain. */
    default void domain(DomainName domain, Html page) {
    }

    /**
     * The domains whose names begin with a text, in alphabetical order; empty if this part has no list of domains.
     *
     * @param prefix in lower case; empty for all
     * @param after lists only domains after this one
     * @param limit maximum number
     */
    default Optional<List<DomainLine>> domains(String prefix, String after, int limit) {
        return Optional.empty();
    }

    /** How urgent something is. */
    enum Urgency { NOW, SOON, NOTE }

    /**
     * Something that needs the operator.
     *
     * @param what one sentence
     * @param command what mends or explains it, to be copied to a shell; empty if no command does
     */
    record Attention(Urgency urgency, String what, String command) {
    }

    /** The sessions of one domain on all days that are kept. */
    record DomainLine(String domain, long sessions, long failed) {
    }
}
