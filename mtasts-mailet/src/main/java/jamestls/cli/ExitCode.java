package jamestls.cli;

/** How a command ends; the numbers are documented in docs/command-line.md and do not change. */
public enum ExitCode {
    /** What was asked about is in order. */
    OK(0),
    /** It is not; the output says why. */
    PROBLEM(1),
    /** The command line makes no sense; the number is picocli's. */
    USAGE(2),
    /** It could not be found out: a file that can't be read, DNS that does not answer. */
    UNKNOWN(3),
    /** There is nothing to look at. */
    NOTHING(4);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
