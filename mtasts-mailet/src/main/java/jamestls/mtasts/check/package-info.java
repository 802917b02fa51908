/**
 * The check of a domain as a strict sender sees it from outside. {@link jamestls.mtasts.check.StrictSender} looks, with the code of
 * deliveries and without what this server has stored; {@link jamestls.mtasts.check.DomainView} is what it saw;
 * {@link jamestls.mtasts.check.CheckResult} judges it, as a pure function; {@link jamestls.mtasts.check.OwnDomainChecks} does so daily and
 * keeps what changed.
 */
package jamestls.mtasts.check;
