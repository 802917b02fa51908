package jamestls.tlsrpt.store;

import jamestls.mtasts.storage.Migrations;
import java.util.List;

/**
 * The tables of this room. Days are days since 1970, instants milliseconds since 1970. Policy texts are byte strings, because
 * strangers write them and PostgreSQL's text can't hold every character.
 *
 * <ul>
 * <li>{@code tlsrpt_domain}: a day and domain, and its open part. Whoever changes anything about a day and domain changes this
 *     row first, so that its lock serves for all.</li>
 * <li>{@code tlsrpt_part}: a closed part, leased, postponed or settled.</li>
 * <li>{@code tlsrpt_policy}: the text of each policy, once, under its hash.</li>
 * <li>{@code tlsrpt_count}, {@code tlsrpt_failure}: counters of a part, by policy and by what failures have in common.</li>
 * <li>{@code tlsrpt_group}: the last group of each writer.</li>
 * <li>{@code tlsrpt_dispatch}: each report at each destination.</li>
 * </ul>
 */
public final class TallySchema {

    /** For {@code Database.open}. */
    public static final Migrations MIGRATIONS = new Migrations("tlsrpt", List.of(List.of(
        "CREATE TABLE tlsrpt_domain (day BIGINT NOT NULL, domain TEXT NOT NULL, part INTEGER NOT NULL, started BIGINT NOT NULL, "
            + "sessions BIGINT NOT NULL, failed BIGINT NOT NULL, PRIMARY KEY (day, domain))",
        "CREATE TABLE tlsrpt_part (day BIGINT NOT NULL, domain TEXT NOT NULL, part INTEGER NOT NULL, started BIGINT NOT NULL, "
            + "ended BIGINT NOT NULL, sessions BIGINT NOT NULL, failed BIGINT NOT NULL, token TEXT NOT NULL, leased BIGINT NOT NULL, "
            + "postponed BIGINT NOT NULL, tries INTEGER NOT NULL, result TEXT NOT NULL, PRIMARY KEY (day, domain, part))",
        "CREATE TABLE tlsrpt_policy (hash ${bytes} PRIMARY KEY, type TEXT NOT NULL, domain TEXT NOT NULL, strings ${bytes} NOT NULL, "
            + "mx_hosts ${bytes} NOT NULL, last_day BIGINT NOT NULL)",
        "CREATE INDEX tlsrpt_policy_last_day ON tlsrpt_policy (last_day)",
        "CREATE TABLE tlsrpt_count (day BIGINT NOT NULL, domain TEXT NOT NULL, part INTEGER NOT NULL, policy ${bytes} NOT NULL, "
            + "successes BIGINT NOT NULL, failures BIGINT NOT NULL, details INTEGER NOT NULL, PRIMARY KEY (day, domain, part, policy))",
        "CREATE TABLE tlsrpt_failure (day BIGINT NOT NULL, domain TEXT NOT NULL, part INTEGER NOT NULL, policy ${bytes} NOT NULL, "
            + "failure ${bytes} NOT NULL, type TEXT NOT NULL, sending_ip ${bytes}, mx_host TEXT, helo TEXT, receiving_ip ${bytes}, "
            + "reason TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (day, domain, part, policy, failure))",
        "CREATE TABLE tlsrpt_group (writer TEXT PRIMARY KEY, number BIGINT NOT NULL, last_day BIGINT NOT NULL)",
        "CREATE TABLE tlsrpt_dispatch (day BIGINT NOT NULL, domain TEXT NOT NULL, part INTEGER NOT NULL, target ${bytes} NOT NULL, "
            + "destination TEXT NOT NULL, report_id TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, at BIGINT NOT NULL, "
            + "retry_at BIGINT, result TEXT NOT NULL, PRIMARY KEY (day, domain, part, target))",
        "CREATE INDEX tlsrpt_dispatch_at ON tlsrpt_dispatch (at)")));

    private TallySchema() {
    }
}
