/**
 * What is remembered: counters, and what became of the reports. Two ports, {@link jamestls.tlsrpt.store.TallyStore} and
 * {@link jamestls.tlsrpt.store.ReportStore}, each in a database (SQLite or PostgreSQL) and in memory, with one contract test;
 * {@link jamestls.tlsrpt.store.Stores} opens them.
 *
 * <p>A day and domain has one open part, which counts. A claim closes it and leases it to whoever will report it; what is
 * counted later opens the next part. A closed part never changes, so a report that has to be sent again, by whomever, is the
 * same report.
 *
 * <p>Names, addresses and reasons are strangers' choices, so everything is bounded by
 * {@link jamestls.tlsrpt.store.TallyLimits}. Beyond the bounds details are folded and totals stay exact; only whole domains (in
 * memory) and whole policies can be dropped, and then they are counted as dropped.
 */
package jamestls.tlsrpt.store;
