/**
 * The common parts of the command lines of both jars. Commands run without James: code that they reach may use only what is in the jars,
 * and not James's classes, Guava or Jakarta Mail.
 */
package jamestls.cli;
