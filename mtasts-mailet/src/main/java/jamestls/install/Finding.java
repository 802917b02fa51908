package jamestls.install;

import java.nio.file.Path;

/**
 * A problem or a piece of advice about one place in the configuration.
 *
 * @param severity how bad it is
 * @param file name of the file; empty if it is about none
 * @param line from 1; 0 if it is about the whole file
 * @param text what is wrong
 * @param remedy what to do about it
 */
public record Finding(Severity severity, String file, int line, String text, String remedy) {

    /** How bad it is. */
    public enum Severity {
        /** Something does not work, or not as intended. */
        PROBLEM,
        /** It works, but could be better. */
        ADVICE
    }

    static Finding problem(Path file, int line, String text, String remedy) {
        return new Finding(Severity.PROBLEM, file.getFileName().toString(), line, text, remedy);
    }

    static Finding problem(String text, String remedy) {
        return new Finding(Severity.PROBLEM, "", 0, text, remedy);
    }

    static Finding advice(Path file, int line, String text, String remedy) {
        return new Finding(Severity.ADVICE, file.getFileName().toString(), line, text, remedy);
    }

    static Finding advice(String text, String remedy) {
        return new Finding(Severity.ADVICE, "", 0, text, remedy);
    }

    /** {@code file:line: text}, without the remedy. */
    public String headline() {
        return (file.isEmpty() ? "" : file + (line == 0 ? "" : ":" + line) + ": ") + text;
    }
}
