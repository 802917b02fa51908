package jamestls.tlsrpt.cli;

/**
 * Starts the command line, or prints why it can't run: Java is too old, or the other jar is missing. This class is compiled for Java 8, so
 * that an old Java can run it; it must refer to other classes by name only.
 */
public final class Launcher {

    private static final int MIN_JAVA = 21;
    private static final int UNKNOWN = 3;

    private Launcher() {
    }

    public static void main(String[] arguments) throws ReflectiveOperationException {
        String java = System.getProperty("java.specification.version");
        if (java.startsWith("1.") || Integer.parseInt(java) < MIN_JAVA) {
            refuse("this needs Java " + MIN_JAVA + " or newer and was started with Java " + java);
        }
        try {
            Class.forName("jamestls.cli.Cli");
        } catch (ClassNotFoundException e) {
            refuse("the jar of mtasts-mailet, of the same version, must be in the same directory");
        }
        Class.forName("jamestls.tlsrpt.cli.Main").getMethod("main", String[].class).invoke(null, (Object) arguments);
    }

    private static void refuse(String why) {
        System.err.println("tlsrpt-mailet: " + why);
        System.exit(UNKNOWN);
    }
}
