/**
 * Stores counters of sessions ({@link jamestls.tlsrpt.store.TallyStore}), delivery records of reports
 * ({@link jamestls.tlsrpt.store.ReportStore}), and limits of destinations ({@link jamestls.tlsrpt.store.DestinationStore}). Each has an
 * implementation for databases (SQLite or PostgreSQL) and one in memory, with one contract test;
 * {@link jamestls.tlsrpt.store.Stores} opens them.
 *
 * <p>Sessions are counted in the open part of their day and domain. A claim closes the part and leases it to the server that reports it;
 * later sessions open the next part. A closed part never changes, so a report that is sent again has the same content.
 *
 * <p>Names, addresses and reasons are chosen by strangers, so everything is bounded by {@link jamestls.tlsrpt.store.TallyLimits}. Beyond
 * the limits failure details are folded and totals stay exact; only whole domains (in memory) and whole policies can be dropped, and
 * these are counted as dropped.
 */
package jamestls.tlsrpt.store;
