/**
 * Puts the two mailets into the {@code conf} directory of a James, takes them out again, and looks for mistakes there: {@code
 * install}, {@code uninstall} and {@code doctor} of the command line.
 *
 * <p>Files are edited as text. What an edit does not touch stays byte for byte: comments, order, indentation, encoding, line ends.
 * Nothing is written before everything is planned, and nothing is changed without a copy of it in {@code jamestls-backup}.
 */
package jamestls.install;
