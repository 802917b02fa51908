package jamestls.tlsrpt.config;

/** A configuration that cannot be used. The message names the parameter, its value and what would be right. */
public final class ConfigurationFault extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public ConfigurationFault(String message) {
        super(message);
    }
}
