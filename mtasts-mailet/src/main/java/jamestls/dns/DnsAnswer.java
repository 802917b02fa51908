package jamestls.dns;

import java.util.List;

/**
 * The result of a look-up. A caller handles each of the four cases: taking a failure for "does not exist" would bounce or downgrade
 * mail because of broken DNS.
 */
public sealed interface DnsAnswer<T> {

    /** The reason of a failure with the question, such as {@code "MX of example.org: SERVFAIL"}, which it may have already. */
    static String withQuestion(String question, String reason) {
        return reason.startsWith(question) ? reason : question + ": " + reason;
    }

    /**
     * The records are there.
     *
     * @param records at least one
     * @param security of the whole chain, CNAMEs included: one insecure link makes it insecure (RFC 7672 §2.1.3)
     * @param canonicalName the owner of the records after all CNAMEs
     */
    record Found<T>(List<T> records, Security security, DomainName canonicalName) implements DnsAnswer<T> {
        public Found {
            records = List.copyOf(records);
            if (records.isEmpty()) {
                throw new IllegalArgumentException("a found answer has records");
            }
        }
    }

    /** The name or the type does not exist (NXDOMAIN or NODATA): an answer, not an error. */
    record Absent<T>(Security security) implements DnsAnswer<T> {
    }

    /** DNSSEC validation failed, because of an attack or a broken zone. Never to be used. */
    record Bogus<T>(String reason) implements DnsAnswer<T> {
    }

    /** No usable answer: SERVFAIL, time-out, refused, malformed. Says nothing about the name. */
    record Failed<T>(String reason) implements DnsAnswer<T> {
    }
}
