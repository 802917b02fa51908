package jamestls.config;

/** A configuration that can't be used. The message names every mistake that was found, for an operator to mend at once. */
public final class ConfigurationException extends Exception {

    private static final long serialVersionUID = 1L;

    public ConfigurationException(String message) {
        super(message);
    }

    public ConfigurationException(String message, Throwable cause) {
        super(message, cause);
    }
}
