/**
 * The command line {@code java -jar mtasts-mailet.jar}. One class per command; {@link Main} lists them.
 *
 * <p>Commands run without James: code that they reach may use only what is in the jar, and not James's classes, Guava, Jackson or
 * Jakarta Mail (a test runs every command without them). SLF4J's API is in the jar for this purpose; log messages are discarded.
 *
 * <p>Commands print findings to standard output and errors to standard error, and end with a {@link jamestls.cli.ExitCode}.
 */
package jamestls.mtasts.cli;
