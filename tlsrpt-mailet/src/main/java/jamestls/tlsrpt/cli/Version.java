package jamestls.tlsrpt.cli;

import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** The version, from the jar's manifest. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        return new String[] {"tlsrpt-mailet "
            + Optional.ofNullable(Version.class.getPackage().getImplementationVersion()).orElse("(built here)")};
    }
}
