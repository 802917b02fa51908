/**
 * What is remembered: counters until they are reported, and what became of the reports. Two ports,
 * {@link jamestls.tlsrpt.store.TallyStore} and {@link jamestls.tlsrpt.store.ReportStore}, with an implementation in memory.
 *
 * <p>Everything is bounded by {@link jamestls.tlsrpt.store.TallyLimits}, because the names, addresses and reasons in it are
 * strangers' choices. Beyond the bounds details are folded and totals stay exact; only whole domains and whole policies can
 * be dropped, and then they are counted as dropped.
 */
package jamestls.tlsrpt.store;
