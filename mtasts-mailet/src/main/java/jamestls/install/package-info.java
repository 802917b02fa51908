/**
 * Adds the two mailets to the {@code conf} directory of a James, removes them, and finds mistakes there: {@code install}, {@code
 * uninstall} and {@code doctor} of the command line.
 *
 * <p>Files are edited as text. Everything outside of an edit stays byte for byte: comments, order, indentation, encoding, line ends.
 * All changes are planned before the first one is written, and each changed file is copied to {@code jamestls-backup}.
 */
package jamestls.install;
