package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsFault;
import jamestls.https.HttpsRequest;
import jamestls.https.HttpsResult;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Fetches the policy file of a domain from its policy host (RFC 8461 §3.3). Follows no redirect, uses no HTTP cache, accepts
 * only status 200 and {@code text/plain}, and bounds the whole exchange by one deadline and 64 KiB.
 */
public final class PolicyFetcher {

    /** The port of policy hosts; only tests use another. */
    public static final int HTTPS_PORT = 443;

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(PolicyFetcher.class);

    // RFC 8461 §3.3 suggests both bounds
    /** For the whole exchange, from the address look-up to the last byte. */
    public static final Duration USUAL_DEADLINE = Duration.ofSeconds(60);
    private static final int MAX_BODY = PolicyGrammar.MAX_POLICY;

    private final Function<HttpsRequest, HttpsResult> https;
    private final int policyPort;
    private final Function<DomainName, Object> hosts;
    private final Duration deadline;

    /**
     * @param https verifies the certificate of the policy host (RFC 8461 §3.3) and bounds the exchange
     * @param policyPort 1 to 65535; the RFC allows only {@link #HTTPS_PORT}
     */
    public PolicyFetcher(GuardedHttpsClient https, int policyPort) {
        this(https, policyPort, USUAL_DEADLINE);
    }

    /** @param deadline for the whole exchange, {@link #USUAL_DEADLINE} at most: other servers wait that long for our turn to end */
    public PolicyFetcher(GuardedHttpsClient https, int policyPort, Duration deadline) {
        this(https::exchange, policyPort, deadline, host -> https.addressOf(host).<Object>map(PolicyFetcher::network).orElse(host));
    }

    /**
     * With another client, or one that is watched.
     *
     * @param https as the client of the other constructors: verifies, bounds, never throws
     */
    public PolicyFetcher(Function<HttpsRequest, HttpsResult> https, int policyPort, Duration deadline) {
        this(https, policyPort, deadline, host -> host);
    }

    private PolicyFetcher(Function<HttpsRequest, HttpsResult> https, int policyPort, Duration deadline,
                          Function<DomainName, Object> hosts) {
        this.hosts = hosts;
        if (!deadline.isPositive() || deadline.compareTo(USUAL_DEADLINE) > 0) {
            throw new IllegalArgumentException("a deadline of " + deadline);
        }
        this.https = https;
        this.policyPort = policyPort;
        this.deadline = deadline;
    }

    /** Fetches now; blocks until the deadline at most. */
    public FetchResult fetch(DomainName policyDomain) {
        Optional<URI> policyUri = policyUri(policyDomain);
        if (policyUri.isEmpty()) {
            return failed(ResultType.STS_POLICY_FETCH_ERROR, "no policy host can have that name");
        }
        try {
            HttpsResult result = https.apply(HttpsRequest.get(policyUri.get(), deadline, MAX_BODY));
            FetchResult judged = judge(result);
            if (judged instanceof FetchResult.Fetched && result instanceof HttpsResult.Answer answer) {
                PolicyGrammar.readAll(answer.body()).tolerated().forEach(slip ->
                    LOGGER.info("The MTA-STS policy of {} has {} (line {}) and is used nevertheless", policyDomain, slip.reason(),
                    slip.line()));
            }
            return judged;
        } catch (RuntimeException | Error e) {
            // a hostile answer must not end more than this fetch
            LOGGER.warn("Fetching the MTA-STS policy of {} failed unexpectedly", policyDomain, e);
            return failed(ResultType.STS_POLICY_FETCH_ERROR, "broke off: " + e.getClass().getSimpleName());
        }
    }

    /** The key by which fetches are counted: the address of the policy host, or its name if it has none. */
    Object host(DomainName policyDomain) {
        try {
            return hosts.apply(policyDomain.child("mta-sts"));
        } catch (IllegalArgumentException noSuchName) {
            return policyDomain;
        }
    }

    /** The first 64 bits of an IPv6 address, because one network has all the rest. */
    private static Object network(InetAddress address) {
        return address instanceof Inet6Address ? ByteBuffer.wrap(Arrays.copyOf(address.getAddress(), 8)) : address;
    }

    /** The URI of the policy; empty if the domain can't have one, because its name is too long or has an underscore. */
    Optional<URI> policyUri(DomainName policyDomain) {
        try {
            // RFC 8461 §3.2
            return Optional.of(new URI("https", null, policyDomain.child("mta-sts").ascii(), policyPort == HTTPS_PORT ? -1 : policyPort,
                "/.well-known/mta-sts.txt", null, null));
        } catch (URISyntaxException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** The result of an answer. */
    static FetchResult judge(HttpsResult result) {
        return switch (result) {
            case HttpsResult.Failure failure -> failed(typeOf(failure.fault()), nameOf(failure.fault()) + ": " + failure.detail());
            // RFC 8461 §3.3: 200 only, and a redirect is no 200
            case HttpsResult.Answer answer when answer.status() != 200 ->
                failed(ResultType.STS_POLICY_FETCH_ERROR, "HTTP " + answer.status());
            // RFC 8461 §3.2: the media type keeps a page that users can upload from being taken for the policy
            case HttpsResult.Answer answer when !isPlainText(answer.contentType()) ->
                failed(ResultType.STS_POLICY_FETCH_ERROR, "media type is not text/plain: " + answer.contentType().orElse("none"));
            case HttpsResult.Answer answer -> switch (StsPolicy.parse(answer.body())) {
                case ParsedPolicy.Valid valid -> new FetchResult.Fetched(valid.policy());
                case ParsedPolicy.Invalid invalid -> new FetchResult.Failed(
                    new Violation(ResultType.STS_POLICY_INVALID, invalid.error().toString()), PolicyGrammar.declared(answer.body()));
            };
        };
    }

    /** RFC 8461 §3.2: parameters such as charset are ignored. */
    private static boolean isPlainText(Optional<String> contentType) {
        return contentType.map(value -> value.split(";", 2)[0].strip()).filter("text/plain"::equalsIgnoreCase).isPresent();
    }

    /** RFC 8460 §4.3.2.2: the certificate has a type of its own; all else is a failure to fetch. */
    private static ResultType typeOf(HttpsFault fault) {
        return fault == HttpsFault.CERTIFICATE ? ResultType.STS_WEBPKI_INVALID : ResultType.STS_POLICY_FETCH_ERROR;
    }

    private static String nameOf(HttpsFault fault) {
        return switch (fault) {
            case ADDRESS_LOOKUP -> "no address";
            case ADDRESS_NOT_PUBLIC -> "address not public";
            case CONNECT -> "no connection";
            case CERTIFICATE -> "certificate";
            case TLS -> "no TLS";
            case TIMEOUT -> "timeout";
            case TOO_LARGE -> "too large";
            case PROTOCOL -> "no HTTP";
        };
    }

    private static FetchResult failed(ResultType type, String reason) {
        return new FetchResult.Failed(new Violation(type, reason), List.of());
    }

    /** The result of fetching a policy. */
    public sealed interface FetchResult {

        /** The policy host answered with a valid policy and a valid certificate. */
        record Fetched(StsPolicy policy) implements FetchResult {
        }

        /**
         * The fetch failed. A cached policy stays valid (RFC 8461 §3.3).
         *
         * @param problem {@code sts-policy-fetch-error}, {@code sts-webpki-invalid} or {@code sts-policy-invalid}, as a report
         *     names it (RFC 8460 §4.3.2)
         * @param declared the lines of an invalid policy, as {@link PolicyGrammar#declared} gives them; else empty
         */
        record Failed(Violation problem, List<String> declared) implements FetchResult {
        }
    }
}
