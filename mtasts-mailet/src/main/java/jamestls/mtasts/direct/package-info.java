/** A mail taken to its hosts at once, by the sessions of this project, without James and its queue: for the command line. */
package jamestls.mtasts.direct;
