package jamestls.cli;

import java.io.Console;
import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;

/** Shows on one line of a terminal how far a long command is; does nothing where the output goes into a file or pipe. Thread-safe. */
public final class Progress implements AutoCloseable {

    private static final String CLEAR = "\r\u001b[K";

    private final PrintWriter terminal;
    private final String what;
    private final int all;
    private int done;

    /** @param terminal null to show nothing */
    private Progress(PrintWriter terminal, String what, int all) {
        this.terminal = terminal;
        this.what = what;
        this.all = all;
    }

    /**
     * Begins to show the progress of work, if this process has a terminal and there is more than one thing to do.
     *
     * @param what the work, such as {@code checked}
     * @param all the number of things to do
     */
    public static Progress of(PrintWriter err, String what, int all) {
        return on(isTerminal() ? err : null, what, all);
    }

    static Progress on(PrintWriter terminal, String what, int all) {
        Progress progress = new Progress(all > 1 ? terminal : null, what, all);
        progress.show();
        return progress;
    }

    /** One more thing is done. */
    public synchronized void step() {
        done++;
        show();
    }

    private void show() {
        if (terminal != null) {
            terminal.print(CLEAR + what + " " + done + " of " + all);
            terminal.flush();
        }
    }

    /** Clears the line. */
    @Override
    public synchronized void close() {
        if (terminal != null) {
            terminal.print(CLEAR);
            terminal.flush();
        }
    }

    private static boolean isTerminal() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            // since Java 22, where a console may be no terminal
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException older) {
            return true;
        } catch (IllegalAccessException | InvocationTargetException e) {
            return false;
        }
    }
}
