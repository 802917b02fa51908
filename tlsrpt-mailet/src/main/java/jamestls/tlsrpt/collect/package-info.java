/** Adds the outcomes of TLS sessions to the counters: decides in which reports a session counts, and writes groups of sessions. */
package jamestls.tlsrpt.collect;

