package jamestls.mtasts.publish;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Inject;
import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.mtasts.sts.PolicyLint;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.net.SanitizedLogger;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;
import org.apache.james.filesystem.api.FileSystem;
import org.apache.james.utils.UserDefinedStartable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.resources.LoopResources;

/**
 * Serves {@code https://mta-sts.DOMAIN/.well-known/mta-sts.txt} (RFC 8461 §3.3) for the domains that
 * {@code conf/mtasts-policy-host.properties} names, and nothing else. Off without that file. In extensions.properties:
 *
 * <pre>
 * guice.extension.startable=jamestls.mtasts.publish.PolicyHost
 * </pre>
 *
 * <p>Policies and certificates are read again when their files change; what can't be used is logged, and the one before stays.
 */
public final class PolicyHost implements UserDefinedStartable {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(PolicyHost.class);
    private static final String PATH = "/.well-known/mta-sts.txt";
    private static final int MAX_LINE = 512;
    private static final int MAX_HEADERS = 4_096;
    private static final int MAX_POLICY = 65_536;
    private static final int THREADS = 2;
    private static final Duration STOPPING = Duration.ofSeconds(2);

    private final FileSystem files;
    private final Map<String, byte[]> policies = new ConcurrentHashMap<>();
    private final Map<Path, Object> stamps = new HashMap<>();
    private final AtomicInteger open = new AtomicInteger();
    private final Map<Object, Integer> openByClient = new ConcurrentHashMap<>();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private HostKeys keys;
    private LoopResources loops;
    private DisposableServer server;

    @Inject
    public PolicyHost(FileSystem files) {
        this.files = files;
    }

    /** Starts to serve, if that is configured. Throws, so that James does not start, with a message that names every mistake. */
    @Override
    public void start() {
        try {
            Optional<PolicyHostSettings> settings = PolicyHostSettings.read(location -> files.getFile(location).toPath());
            if (settings.isEmpty()) {
                LOGGER.info("The policy host is off: conf/{} does not say enabled=true", PolicyHostSettings.FILE);
                return;
            }
            serve(settings.get());
        } catch (ConfigurationException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** Stops at once: a client that is cut off tries again. */
    @PreDestroy
    public void stop() {
        stopped.countDown();
        if (server != null) {
            server.disposeNow(STOPPING);
            LOGGER.info("The policy host has stopped");
        }
        if (loops != null) {
            loops.disposeLater(Duration.ZERO, STOPPING).block(STOPPING.multipliedBy(2));
        }
    }

    /** The port that it listens on; 0 if it is off. */
    int port() {
        return server == null ? 0 : server.port();
    }

    private void serve(PolicyHostSettings settings) throws ConfigurationException {
        List<String> mistakes = new ArrayList<>();
        List<HostKeys.HostKey> read = readKeys(settings, mistakes);
        settings.domains().forEach(domain -> readPolicy(settings, domain).ifPresent(mistakes::add));
        if (!mistakes.isEmpty()) {
            throw new ConfigurationException(PolicyHostSettings.FILE + ": " + String.join("\n- ", mistakes));
        }
        keys = new HostKeys(read);
        loops = LoopResources.create("mtasts-policy-host", THREADS, true);
        try {
            SslContext tls = SslContextBuilder.forServer(keys).sslProvider(SslProvider.JDK).protocols("TLSv1.3", "TLSv1.2").build();
            server = HttpServer.create().bindAddress(settings::listen).runOn(loops).protocol(HttpProtocol.HTTP11)
                .secure(secure -> secure.sslContext(tls).handshakeTimeout(settings.limits().time()))
                .httpRequestDecoder(bounds -> bounds.maxInitialLineLength(MAX_LINE).maxHeaderSize(MAX_HEADERS))
                .idleTimeout(settings.limits().time())
                .doOnChannelInit((observer, channel, remote) -> admit(channel, settings.limits()))
                .handle(this::answer).bindNow();
        } catch (SSLException | RuntimeException e) {
            stop();
            throw new ConfigurationException(PolicyHostSettings.FILE + ": parameter 'address' and 'port': " + settings.listen()
                + " can't be listened on: " + e.getMessage(), e);
        }
        Thread.ofVirtual().name("policy-host-files").start(() -> watch(settings));
        LOGGER.info("The policy host serves {} policies at {}", settings.domains().size(), server.address());
    }

    /** Bounds the connection: how many there are, of one client and in all, and how long it lasts. */
    private void admit(Channel channel, PolicyHostSettings.Limits limits) {
        Object client = client(channel);
        int ofClient = openByClient.merge(client, 1, Integer::sum);
        boolean isTooMany = open.incrementAndGet() > limits.connections() || ofClient > limits.perAddress();
        Future<?> end = channel.eventLoop().schedule((Runnable) channel::close, limits.time().toMillis(), TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> {
            end.cancel(false);
            open.decrementAndGet();
            openByClient.computeIfPresent(client, (any, count) -> count == 1 ? null : count - 1);
        });
        if (isTooMany) {
            channel.close();
        }
    }

    /** An address; of an IPv6 address the first 64 bits, because one network has all the rest. */
    private static Object client(Channel channel) {
        if (channel.remoteAddress() instanceof InetSocketAddress address) {
            return address.getAddress() instanceof Inet6Address ? ByteBuffer.wrap(Arrays.copyOf(address.getAddress().getAddress(), 8))
                : address.getAddress();
        }
        return "unknown";
    }

    private Publisher<Void> answer(HttpServerRequest request, HttpServerResponse response) {
        response.header(HttpHeaderNames.CONNECTION, "close");
        byte[] policy = policies.get(host(request));
        boolean isGet = request.method().equals(HttpMethod.GET);
        if (!isGet && !request.method().equals(HttpMethod.HEAD)) {
            response.header(HttpHeaderNames.ALLOW, "GET, HEAD");
            return empty(response, HttpResponseStatus.METHOD_NOT_ALLOWED);
        }
        if (policy == null || !request.uri().equals(PATH)) {
            return empty(response, HttpResponseStatus.NOT_FOUND);
        }
        // RFC 8461 §3.2
        response.header(HttpHeaderNames.CONTENT_TYPE, "text/plain").header(HttpHeaderNames.CONTENT_LENGTH, String.valueOf(policy.length));
        return isGet ? response.sendByteArray(Mono.just(policy)) : response.send();
    }

    private static Publisher<Void> empty(HttpServerResponse response, HttpResponseStatus status) {
        return response.status(status).header(HttpHeaderNames.CONTENT_LENGTH, "0").send();
    }

    /** The name in the Host field, without port, as policies are filed; empty if there is none. */
    private static String host(HttpServerRequest request) {
        String host = Optional.ofNullable(request.requestHeaders().get(HttpHeaderNames.HOST)).orElse("");
        return DomainName.parse(host.replaceFirst(":[0-9]{1,5}$", "")).map(DomainName::ascii).orElse("");
    }

    private List<HostKeys.HostKey> readKeys(PolicyHostSettings settings, List<String> mistakes) {
        try {
            // before they are read, so that no change is missed
            settings.keys().files().forEach(this::isChanged);
            List<HostKeys.HostKey> read = settings.keys().read();
            HostKeys.missing(read, settings.domains().stream().map(PolicyHostSettings::hostName).map(DomainName::new).toList())
                .ifPresent(host -> mistakes.add("no certificate is for " + host));
            return read;
        } catch (NoSuchFileException e) {
            mistakes.add("there is no file " + e.getFile());
        } catch (IOException | RuntimeException e) {
            // what is in the files decides what is thrown
            mistakes.add("the certificates can't be read: " + e.getMessage());
        }
        return List.of();
    }

    /** Puts the policy to use; returns why it can't be used. */
    private Optional<String> readPolicy(PolicyHostSettings settings, DomainName domain) {
        Path file = settings.policyOf(domain);
        try {
            if (!isChanged(file)) {
                return Optional.empty();
            }
            if (Files.size(file) > MAX_POLICY) {
                return Optional.of(file + " is larger than " + MAX_POLICY + " bytes");
            }
            byte[] text = Files.readAllBytes(file);
            PolicyLint lint = PolicyLint.of(text);
            if (lint.policy().isEmpty()) {
                return Optional.of(file + " is no policy: " + lint.problems().getFirst().text() + " (" + lint.problems().getFirst().remedy()
                    + ")");
            }
            policies.put(PolicyHostSettings.hostName(domain), text);
            LOGGER.info("The policy of {} is served: {}", domain, summary(lint.policy().get()));
            return Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.of("there is no file " + e.getFile() + "; 'records " + domain + " --policy' prints one");
        } catch (IOException e) {
            return Optional.of(file + " can't be read: " + e.getMessage());
        }
    }

    private static String summary(StsPolicy policy) {
        return "mode " + policy.mode().wireName() + ", " + policy.mx().size() + " mx, max_age " + policy.maxAge().toSeconds();
    }

    /** Whether the file is another one than when this was last asked. */
    private boolean isChanged(Path file) {
        Object stamp;
        try {
            stamp = List.of(Files.getLastModifiedTime(file), Files.size(file), String.valueOf(file.toRealPath()));
        } catch (IOException missing) {
            stamp = "missing";
        }
        return !stamp.equals(stamps.put(file, stamp));
    }

    private void watch(PolicyHostSettings settings) {
        try {
            while (!stopped.await(settings.reloadEvery().toMillis(), TimeUnit.MILLISECONDS)) {
                try {
                    reload(settings);
                } catch (RuntimeException | Error e) {
                    // the thread must not end
                    LOGGER.error("The files of the policy host could not be looked at", e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void reload(PolicyHostSettings settings) {
        settings.domains().forEach(domain -> readPolicy(settings, domain).ifPresent(mistake ->
            LOGGER.warn("Policy host: {}; the policy before is served", mistake)));
        boolean haveKeysChanged = settings.keys().files().stream().filter(this::isChanged).count() > 0;
        if (haveKeysChanged) {
            List<String> mistakes = new ArrayList<>();
            List<HostKeys.HostKey> read = readKeys(settings, mistakes);
            if (mistakes.isEmpty()) {
                keys.replace(read);
                LOGGER.info("The policy host uses the new certificates");
            } else {
                LOGGER.warn("Policy host: {}; the certificates before are used", String.join("; ", mistakes));
            }
        }
    }
}
