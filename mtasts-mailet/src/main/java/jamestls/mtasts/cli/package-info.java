/**
 * {@code java -jar mtasts-mailet.jar}: what an operator asks from a terminal. One class per command; {@link Main} lists them.
 *
 * <p>There is no James around: code that is reached from here may use what the jar brings along, and not James's classes, Guava,
 * Jackson or Jakarta Mail (a test runs every command without them). SLF4J's interface is in the jar for this purpose, and {@link
 * Main} sends what is logged nowhere.
 *
 * <p>Every command has {@code --json}, prints its findings to standard output and its own troubles to standard error, and ends
 * with one of {@link jamestls.cli.ExitCode}.
 */
package jamestls.mtasts.cli;
