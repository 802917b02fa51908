/**
 * The command line, {@code java -jar tlsrpt-mailet.jar}: one class per command; {@link Main} lists them.
 *
 * <p>It runs without James, with this jar and mtasts-mailet.jar, which the manifest names. Code that is used here must not use classes of
 * James, Guava or Jakarta Mail.
 */
package jamestls.tlsrpt.cli;

