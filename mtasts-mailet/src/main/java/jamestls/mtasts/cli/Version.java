package jamestls.mtasts.cli;

import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** From the jar's manifest. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        return new String[] {"mtasts-mailet "
            + Optional.ofNullable(Version.class.getPackage().getImplementationVersion()).orElse("(built here)")};
    }
}
