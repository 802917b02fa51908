package jamestls.cli;

/** The exit codes of all commands. docs/command-line.md documents the numbers, which do not change. */
public enum ExitCode {
    /** No problem. */
    OK(0),
    /** A problem; the output says which. */
    PROBLEM(1),
    /** Wrong usage; the number is picocli's. */
    USAGE(2),
    /** The answer could not be determined: a file can't be read, DNS does not answer. */
    UNKNOWN(3),
    /** There is nothing to check or show. */
    NOTHING(4);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
