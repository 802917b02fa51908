package jamestls.dns;

import jamestls.config.Parameters;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;

/**
 * The settings of DNS look-ups: servers, time limits, cache, DNSSEC.
 *
 * @param servers recursive name servers, in order of preference, at least one
 * @param queryTimeout for one query to one server, TCP after a truncated answer included
 * @param lookupDeadline for a whole look-up: all servers, both rounds, all CNAMEs and the wait for a free slot
 * @param concurrentQueries the maximum of outstanding queries; further ones wait. Without a limit UDP answers get lost in bursts
 * @param cacheEntries answers of usual size kept for each type of records, positive and negative; the bound is in bytes, 1 KiB each
 * @param dnssec who decides whether an answer is secure; {@code TRUST_AD} needs servers on loopback
 * @param anchors the trust anchors; unused unless this process validates
 */
public record DnsSettings(List<InetSocketAddress> servers, Duration queryTimeout, Duration lookupDeadline, int concurrentQueries,
                          int cacheEntries, DnssecMode dnssec, TrustAnchors anchors) {

    public DnsSettings {
        servers = List.copyOf(servers);
        if (servers.isEmpty()) {
            throw new IllegalArgumentException("DNS needs at least one server");
        }
        if (queryTimeout.isNegative() || queryTimeout.isZero() || lookupDeadline.compareTo(queryTimeout) < 0) {
            throw new IllegalArgumentException("DNS time-outs out of order: " + queryTimeout + " per query, " + lookupDeadline + " in all");
        }
        if (dnssec == DnssecMode.TRUST_AD && !servers.stream().allMatch(server -> server.getAddress().isLoopbackAddress())) {
            // RFC 7672 §2.1.1: on a network anyone can set the AD bit
            throw new IllegalArgumentException("trust-ad needs resolvers on this machine, such as 127.0.0.1, not " + servers);
        }
        if (concurrentQueries < 1 || cacheEntries < 1) {
            throw new IllegalArgumentException("concurrentQueries and cacheEntries must be positive");
        }
    }

    /** 3 seconds per query, 12 for a look-up, 64 queries at a time, 20,000 answers of each type kept, no DNSSEC. */
    public static DnsSettings of(List<InetSocketAddress> servers) {
        return new DnsSettings(servers, Duration.ofSeconds(3), Duration.ofSeconds(12), 64, 20_000, DnssecMode.OFF, TrustAnchors.iana());
    }

    /** @throws IllegalArgumentException when {@code mode} is {@code TRUST_AD} and a server is not on this machine */
    public DnsSettings with(DnssecMode mode, TrustAnchors trustAnchors) {
        return new DnsSettings(servers, queryTimeout, lookupDeadline, concurrentQueries, cacheEntries, mode, trustAnchors);
    }

    /**
     * Reads the parameters {@code dnsServers}, {@code dnssec} and {@code trustAnchors}.
     *
     * @param usual the servers to ask where {@code dnsServers} is missing; empty if they are not known
     */
    public static DnsSettings of(Parameters parameters, List<InetSocketAddress> usual) {
        DnsSettings settings = of(DnsServers.of(parameters, usual));
        DnssecMode mode = parameters.oneOf("dnssec", DnssecMode.VALIDATE, DnssecMode.values());
        TrustAnchors anchors = parameters.file("trustAnchors", "a file of DS or DNSKEY records in zone format, such as "
            + "'file://conf/root.ds'", file -> {
                try (InputStream in = Files.newInputStream(file)) {
                    return TrustAnchors.read(in);
                }
            }).orElseGet(TrustAnchors::iana);
        try {
            return settings.with(mode, anchors);
        } catch (IllegalArgumentException e) {
            parameters.invalid("dnssec", "validate, trust-ad, off; " + e.getMessage());
            return settings;
        }
    }

    /** As {@link #of}, with other bounds. */
    public DnsSettings within(Duration perQuery, Duration perLookup, int queriesAtATime, int entries) {
        return new DnsSettings(servers, perQuery, perLookup, queriesAtATime, entries, dnssec, anchors);
    }

    /** Who decides whether an answer is secure. */
    public enum DnssecMode {
        /** This process, which checks every signature from the trust anchors down. */
        VALIDATE("validate"),
        /** The resolver, by the AD bit, which is trustworthy only over loopback (RFC 7672 §2.1.1, RFC 6840 §5.7). */
        TRUST_AD("trust-ad"),
        /** No validation: every answer is insecure. */
        OFF("off");

        private final String parameter;

        DnssecMode(String parameter) {
            this.parameter = parameter;
        }

        @Override
        public String toString() {
            return parameter;
        }
    }
}
