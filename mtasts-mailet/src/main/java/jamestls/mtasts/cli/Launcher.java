package jamestls.mtasts.cli;

/**
 * Starts the command line, or prints why it can't run. Compiled for Java 8, so that older Java versions can run it; it may refer to
 * other classes by name only.
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
        Class.forName("jamestls.mtasts.cli.Main").getMethod("main", String[].class).invoke(null, (Object) arguments);
    }

    private static void refuse(String why) {
        System.err.println("mtasts-mailet: " + why);
        System.exit(UNKNOWN);
    }
}
