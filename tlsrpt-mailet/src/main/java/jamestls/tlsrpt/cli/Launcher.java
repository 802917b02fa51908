package jamestls.tlsrpt.cli;

/**
 * Starts the command line, or says in one sentence why it can't run here: the Java is too old, or the other jar is missing.
 * The build compiles this class for Java 8, so that older Java runs it, too; it may refer to no other class but by name.
 */
public final class Launcher {

    private static final int OLDEST = 21;
    private static final int UNKNOWN = 3;

    private Launcher() {
    }

    public static void main(String[] arguments) throws ReflectiveOperationException {
        String java = System.getProperty("java.specification.version");
        if (java.startsWith("1.") || Integer.parseInt(java) < OLDEST) {
            refuse("this needs Java " + OLDEST + " or newer and was started with Java " + java);
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
