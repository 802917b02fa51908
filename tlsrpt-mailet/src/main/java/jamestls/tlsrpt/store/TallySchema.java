package jamestls.tlsrpt.store;

import jamestls.storage.Migrations;
import java.util.List;
import java.util.stream.Stream;

/**
 * The tables of counters and delivery records. Days are days since 1970, instants milliseconds since 1970. Policy texts are byte
 * strings, because PostgreSQL's text type can't hold every character.
 *
 * <ul>
 * <li>{@code tlsrpt_domain}: a day and domain, and its open part; {@code is_open} is 1 if that has counts. Every transaction
 *     updates this row first, so that its lock guards everything about the day and domain.</li>
 * <li>{@code tlsrpt_part}: a closed part, leased, postponed or settled; {@code store_id} is part of its report-id.</li>
 * <li>{@code tlsrpt_policy}: the text of each policy, once, under its hash; {@code domain} is empty if the policy's domain is
 *     the recipient domain, so that domains with the same policy, or with none, share a row.</li>
 * <li>{@code tlsrpt_count}, {@code tlsrpt_failure}: counters of a part, by policy and by failure.</li>
 * <li>{@code tlsrpt_group}: the last group of each writer.</li>
 * <li>{@code tlsrpt_dispatch}: each report at each destination.</li>
 * </ul>
 */
public final class TallySchema {

    private static final String DOMAIN = "day BIGINT NOT NULL, domain TEXT NOT NULL, part INTEGER NOT NULL, started BIGINT NOT NULL, "
        + "sessions BIGINT NOT NULL, failed BIGINT NOT NULL";
    private static final String PART = "day BIGINT NOT NULL, domain TEXT NOT NULL, part INTEGER NOT NULL, started BIGINT NOT NULL, "
        + "ended BIGINT NOT NULL, sessions BIGINT NOT NULL, failed BIGINT NOT NULL, token TEXT NOT NULL, leased BIGINT NOT NULL, "
        + "postponed BIGINT NOT NULL, tries INTEGER NOT NULL, result TEXT NOT NULL, PRIMARY KEY (day, domain, part)";
    private static final String COUNT = "day BIGINT NOT NULL, domain TEXT NOT NULL, part INTEGER NOT NULL, policy ${bytes} NOT NULL, "
        + "successes BIGINT NOT NULL, failures BIGINT NOT NULL, details INTEGER NOT NULL, PRIMARY KEY (day, domain, part, policy)";
    private static final String FAILURE = "day BIGINT NOT NULL, domain TEXT NOT NULL, part INTEGER NOT NULL, policy ${bytes} NOT NULL, "
        + "failure ${bytes} NOT NULL, type TEXT NOT NULL, sending_ip ${bytes}, mx_host TEXT, helo TEXT, receiving_ip ${bytes}, "
        + "reason TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (day, domain, part, policy, failure)";
    private static final String DISPATCH = "day BIGINT NOT NULL, domain TEXT NOT NULL, part INTEGER NOT NULL, target ${bytes} NOT NULL, "
        + "destination TEXT NOT NULL, report_id TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, at BIGINT NOT NULL, "
        + "retry_at BIGINT, result TEXT NOT NULL, PRIMARY KEY (day, domain, part, target)";

    private static final List<String> FIRST = List.of(
        "CREATE TABLE tlsrpt_domain (" + DOMAIN + ", PRIMARY KEY (day, domain))",
        "CREATE TABLE tlsrpt_part (" + PART + ")",
        "CREATE TABLE tlsrpt_policy (hash ${bytes} PRIMARY KEY, type TEXT NOT NULL, domain TEXT NOT NULL, strings ${bytes} NOT NULL, "
            + "mx_hosts ${bytes} NOT NULL, last_day BIGINT NOT NULL)",
        "CREATE INDEX tlsrpt_policy_last_day ON tlsrpt_policy (last_day)",
        "CREATE TABLE tlsrpt_count (" + COUNT + ")",
        "CREATE TABLE tlsrpt_failure (" + FAILURE + ")",
        "CREATE TABLE tlsrpt_group (writer TEXT PRIMARY KEY, number BIGINT NOT NULL, last_day BIGINT NOT NULL)",
        "CREATE TABLE tlsrpt_dispatch (" + DISPATCH + ")",
        "CREATE INDEX tlsrpt_dispatch_at ON tlsrpt_dispatch (at)");

    /** Tables clustered by their key, and indexes of the parts that are not settled. */
    private static final List<String> SECOND = Stream.of(
        clustered("tlsrpt_domain", DOMAIN + ", is_open INTEGER NOT NULL, PRIMARY KEY (day, domain)",
            "day, domain, part, started, sessions, failed, CASE WHEN sessions > 0 THEN 1 ELSE 0 END"),
        clustered("tlsrpt_part", PART, "*"),
        clustered("tlsrpt_count", COUNT, "*"),
        clustered("tlsrpt_failure", FAILURE, "*"),
        clustered("tlsrpt_dispatch", DISPATCH, "*"),
        List.of("CREATE INDEX tlsrpt_dispatch_at ON tlsrpt_dispatch (at)",
            "CREATE INDEX tlsrpt_domain_open ON tlsrpt_domain (day, domain) WHERE is_open = 1",
            "CREATE INDEX tlsrpt_part_unsettled ON tlsrpt_part (day, domain, part) WHERE result = ''"))
        .flatMap(List::stream).toList();

    /** Existing parts keep their report-id. */
    private static final List<String> THIRD = List.of("ALTER TABLE tlsrpt_part ADD COLUMN store_id TEXT NOT NULL DEFAULT ''");

    /** For the page: the few domains of a day with failures. */
    private static final List<String> FOURTH = List.of(
        "CREATE INDEX tlsrpt_domain_failed ON tlsrpt_domain (day, failed) WHERE failed > 0",
        "CREATE INDEX tlsrpt_part_failed ON tlsrpt_part (day, failed) WHERE failed > 0");

    /** For {@code Database.open}. */
    public static final Migrations MIGRATIONS = new Migrations("tlsrpt", List.of(FIRST, SECOND, THIRD, FOURTH));

    private static List<String> clustered(String table, String columns, String content) {
        return List.of("CREATE TABLE " + table + "_2 (" + columns + ") ${clustered}",
            "INSERT INTO " + table + "_2 SELECT " + content + " FROM " + table,
            "DROP TABLE " + table,
            "ALTER TABLE " + table + "_2 RENAME TO " + table);
    }

    private TallySchema() {
    }
}
