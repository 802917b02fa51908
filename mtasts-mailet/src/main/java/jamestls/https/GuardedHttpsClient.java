package jamestls.https;

import jamestls.dns.AddressGuard;
import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.https.TlsConnector.Tunnel;
import jamestls.net.Watchdog;
import jamestls.net.Watchdog.Deadline;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.hc.core5.http.HttpHost;

/**
 * HTTPS client for hosts that other domains name (policy hosts, report hosts), protected against server-side request forgery
 * (SSRF): it resolves names with its own DNS, connects only to addresses that the guard allows, and ends by its deadline
 * whatever the server does. Each exchange has a connection of its own. Blocking, for virtual threads; callers bound the
 * number of simultaneous exchanges.
 */
public final class GuardedHttpsClient implements AutoCloseable {

    private static final int HTTPS_PORT = 443;
    private static final int LAST_PORT = 65_535;
    /** Of one host, that are connected to. */
    private static final int MAX_ADDRESSES = 16;
    private static final int MAX_SHOWN = 5;

    private final Dns dns;
    private final AddressGuard guard;
    private final Optional<HttpsSettings.Proxy> proxy;
    private final TlsConnector connector;
    private final Watchdog watchdog = new Watchdog("jamestls-https-deadline");
    private final Set<Deadline> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** @throws IllegalArgumentException if the trust store is unusable, for example empty */
    public GuardedHttpsClient(Dns dns, HttpsSettings settings) {
        this(dns, settings, CertificateErrors.REFUSE);
    }

    /** A client for TLS reports, which may ignore certificate errors (RFC 8460 §3). Not for anything else. */
    public static GuardedHttpsClient forReports(Dns dns, HttpsSettings settings, CertificateErrors errors) {
        return new GuardedHttpsClient(dns, settings, errors);
    }

    private GuardedHttpsClient(Dns dns, HttpsSettings settings, CertificateErrors errors) {
        this.dns = dns;
        this.guard = settings.guard();
        this.proxy = settings.proxy();
        this.connector = new TlsConnector(settings.trustStore(), errors);
    }

    /** Runs a whole exchange. Network errors are returned as {@link HttpsResult.Failure}, never thrown. */
    public HttpsResult exchange(HttpsRequest request) {
        URI uri = request.uri();
        Optional<DomainName> host = Optional.ofNullable(uri.getHost()).flatMap(DomainName::parse);
        int port = uri.getPort() == -1 ? HTTPS_PORT : uri.getPort();
        if (!"https".equalsIgnoreCase(uri.getScheme()) || host.isEmpty() || uri.getRawUserInfo() != null || port < 1 || port > LAST_PORT) {
            return new HttpsResult.Failure(HttpsFault.PROTOCOL, "not an https URI with a domain name: " + uri);
        }
        try (Deadline deadline = watchdog.start(request.deadline())) {
            running.add(deadline);
            if (closed) {
                deadline.expire();
            }
            try {
                return exchange(request, host.get(), port, deadline);
            } finally {
                running.remove(deadline);
            }
        }
    }

    /** The address of a host, by which requests to it can be counted; empty if it has none. */
    public Optional<InetAddress> addressOf(DomainName host) {
        return dns.addresses(host) instanceof DnsAnswer.Found<InetAddress> found
            ? found.records().stream().min(Comparator.comparing(InetAddress::getHostAddress)) : Optional.empty();
    }

    /** Ends every exchange that is running; they fail with {@link HttpsFault#TIMEOUT}. */
    @Override
    public void close() {
        closed = true;
        running.forEach(Deadline::expire);
        watchdog.close();
    }

    private HttpsResult exchange(HttpsRequest request, DomainName host, int port, Deadline deadline) {
        Optional<Tunnel> tunnel = Optional.empty();
        if (proxy.isPresent()) {
            switch (proxyAddresses(proxy.get(), deadline)) {
                case Addresses.None none -> {
                    return new HttpsResult.Failure(HttpsFault.CONNECT, "policyProxy " + proxy.get() + ": " + none.detail());
                }
                case Addresses.Vetted found -> tunnel = Optional.of(new Tunnel(found.addresses().stream()
                    .map(address -> new InetSocketAddress(address, proxy.get().port())).toList(), proxy.get().target()));
            }
        }
        return switch (lookUp(host, found -> vet(host, found), deadline)) {
            case Addresses.None none -> new HttpsResult.Failure(none.fault(), none.detail());
            case Addresses.Vetted vetted -> switch (connector.connect(host, port, vetted.addresses(), tunnel, deadline)) {
                case TlsConnector.Connection.Refused refused -> new HttpsResult.Failure(refused.fault(), refused.detail());
                case TlsConnector.Connection.Open open ->
                    new HttpConversation(request, new HttpHost("https", host.ascii(), port), open).run(deadline);
            };
        };
    }

    private Addresses proxyAddresses(HttpsSettings.Proxy named, Deadline deadline) {
        Optional<InetAddress> literal = IpLiteral.parse(named.host());
        if (literal.isPresent()) {
            return new Addresses.Vetted(List.of(literal.get()));
        }
        return DomainName.parse(named.host()).map(name -> lookUp(name, Addresses.Vetted::new, deadline))
            .orElseGet(() -> new Addresses.None(HttpsFault.ADDRESS_LOOKUP, "not a domain name"));
    }

    private sealed interface Addresses {

        record Vetted(List<InetAddress> addresses) implements Addresses {
        }

        record None(HttpsFault fault, String detail) implements Addresses {
        }
    }

    private Addresses lookUp(DomainName host, Function<List<InetAddress>, Addresses> vetting, Deadline deadline) {
        try {
            DnsAnswer<InetAddress> answer = CompletableFuture.supplyAsync(() -> dns.addresses(host), Thread::startVirtualThread)
                .get(deadline.left().toNanos(), TimeUnit.NANOSECONDS);
            return switch (answer) {
                case DnsAnswer.Found<InetAddress> found -> vetting.apply(found.records());
                case DnsAnswer.Absent<InetAddress> absent -> new Addresses.None(HttpsFault.ADDRESS_LOOKUP, host + " has no address");
                case DnsAnswer.Bogus<InetAddress> bogus -> new Addresses.None(HttpsFault.ADDRESS_LOOKUP, host + ": " + bogus.reason());
                case DnsAnswer.Failed<InetAddress> failed -> new Addresses.None(HttpsFault.ADDRESS_LOOKUP, host + ": " + failed.reason());
            };
        } catch (TimeoutException e) {
            return new Addresses.None(HttpsFault.TIMEOUT, host + ": no time left for the DNS look-up");
        } catch (ExecutionException e) {
            return new Addresses.None(HttpsFault.ADDRESS_LOOKUP, host + ": " + e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Addresses.None(HttpsFault.ADDRESS_LOOKUP, host + ": interrupted");
        }
    }

    /** Resolves and checks the host. The checked addresses are the ones connected to, so a changed DNS answer has no effect. */
    private Addresses vet(DomainName host, List<InetAddress> addresses) {
        Set<String> objections = new LinkedHashSet<>();
        List<InetAddress> ipv6 = new ArrayList<>();
        List<InetAddress> ipv4 = new ArrayList<>();
        for (InetAddress address : addresses) {
            guard.objection(address).ifPresentOrElse(objections::add, () -> (address instanceof Inet6Address ? ipv6 : ipv4).add(address));
        }
        List<InetAddress> allowed = new ArrayList<>();
        // the families in turn and cut last, so that addresses which can't be used hide none that can
        for (int i = 0; i < MAX_ADDRESSES; i++) {
            ipv6.stream().skip(i).findFirst().ifPresent(allowed::add);
            ipv4.stream().skip(i).findFirst().ifPresent(allowed::add);
        }
        return allowed.isEmpty() ? new Addresses.None(HttpsFault.ADDRESS_NOT_PUBLIC,
            host + ": " + objections.stream().limit(MAX_SHOWN).collect(Collectors.joining("; ")))
            : new Addresses.Vetted(allowed.stream().limit(MAX_ADDRESSES).toList());
    }

    /** What to do with a certificate that is not trusted, expired, or not for the host. */
    public enum CertificateErrors {
        /** Do not connect. Required for policies (RFC 8461 §3.3). */
        REFUSE,
        /**
         * Log the error and go on. For TLS reports only, which often report such errors (RFC 8460 §3). The connection can be intercepted.
         */
        LOG
    }
}
