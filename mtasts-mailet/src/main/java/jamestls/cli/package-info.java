/**
 * What the command lines of both jars have in common. No class of James is there when a command runs: code that is reached from a
 * command may use what the jars bring along, and not James's classes, Guava or Jakarta Mail.
 */
package jamestls.cli;
