package jamestls.install;

import java.nio.file.Path;

/**
 * Something an operator should know about one place in the configuration.
 *
 * @param severity whether mail or James suffers from it
 * @param file the file, as messages name it; empty if it is about none
 * @param line from 1; 0 if it is about the whole file
 * @param text what is the matter
 * @param remedy what to do about it
 */
public record Finding(Severity severity, String file, int line, String text, String remedy) {

    /** How bad it is. */
    public enum Severity {
        /** Something does not work, or not as its author meant it. */
        PROBLEM,
        /** It works and could be better. */
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
