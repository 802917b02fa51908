/**
 * {@code java -jar tlsrpt-mailet.jar}: what an operator asks from a terminal. One class per command; {@link Main} lists them.
 *
 * <p>There is no James around, only this jar and mtasts-mailet.jar beside it (the manifest names it): code that is reached from
 * here must not use James's classes, Guava or Jakarta Mail.
 */
package jamestls.tlsrpt.cli;

