package jamestls.outcome;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * A mail with a TLS report that is about to leave this server, in the form in which it does.
 *
 * @param mail James's name of the mail
 * @param sender the reverse path; empty for the null one
 * @param content header and body; to be read before the listener returns, if at all
 */
public record LeavingReport(String mail, Optional<String> sender, Content content) {

    /** What the mail consists of. */
    @FunctionalInterface
    public interface Content {

        /** Writes all of it. */
        void writeTo(OutputStream out) throws IOException;
    }
}
