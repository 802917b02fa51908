package jamestls.fakeinternet;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * HTTPS for any number of hosts on one port: certificate and answer go by the name in SNI. A GET of
 * {@code /.well-known/mta-sts.txt} gets the host's {@link HttpAnswer}, any other GET 404; a POST, to whatever path, gets it
 * too if the host has one and 200 if not, and its body is kept. One request per connection.
 */
public final class PolicyHost implements AutoCloseable {

    /** RFC 8461 §3.3. */
    public static final String POLICY_PATH = "/.well-known/mta-sts.txt";

    private static final HttpAnswer NOT_FOUND = HttpAnswer.status(404, "not here");
    private static final HttpAnswer THANKS = HttpAnswer.status(200, "");
    private static final int MAX_LINE = 65_536;

    /** What a connection meets first. */
    public enum Door {
        OPEN,
        /** TCP connects, and then nothing ever comes. */
        STALLED,
        /** Reset as soon as the client says something. */
        SLAMMED,
        /** Not TLS at all. */
        PLAIN_TEXT
    }

    private final ServerSocket listener;
    private final SniKeys keys = new SniKeys();
    private final SSLContext context;
    private final Map<String, HttpAnswer> answers = new ConcurrentHashMap<>();
    private final List<ReceivedHttpRequest> requests = new CopyOnWriteArrayList<>();
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private final AtomicLong accepted = new AtomicLong();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread acceptor;
    private volatile Door door = Door.OPEN;
    private volatile List<String> protocols = List.of();

    private PolicyHost(ServerSocket listener) {
        this.listener = listener;
        try {
            this.context = SSLContext.getInstance("TLS");
            this.context.init(new KeyManager[] {keys}, null, null);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        this.acceptor = Thread.ofVirtual().name("fake-policy-host").start(this::accept);
    }

    /** On an ephemeral port of 127.0.0.1, with no hosts yet. */
    public static PolicyHost start() {
        return start("127.0.0.1", 0);
    }

    /** On that loopback address and port; port 0 for an ephemeral one. */
    public static PolicyHost start(String address, int port) {
        try {
            return new PolicyHost(new ServerSocket(port, 50, InetAddress.getByName(address)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Serves {@code answer} as {@code host}, which shows {@code identity}; replaces what was served before. */
    public PolicyHost serve(String host, Identity identity, HttpAnswer answer) {
        keys.put(host, identity);
        answers.put(host, answer);
        return this;
    }

    /** Has no certificate for that host any more: the handshake fails. */
    public PolicyHost withdraw(String host) {
        keys.remove(host);
        return this;
    }

    /** Changes what a host answers. */
    public PolicyHost answer(String host, HttpAnswer answer) {
        answers.put(host, answer);
        return this;
    }

    /** A host that takes POSTs and has no policy. */
    public PolicyHost collect(String host, Identity identity) {
        keys.put(host, identity);
        answers.remove(host);
        return this;
    }

    /** How connections are met from now on. */
    public PolicyHost door(Door next) {
        door = next;
        return this;
    }

    /** Speaks only these TLS versions, as JSSE names them; none for all that JSSE has. */
    public PolicyHost protocols(String... only) {
        protocols = List.of(only);
        return this;
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** Every request that came through, in order. */
    public List<ReceivedHttpRequest> requests() {
        return List.copyOf(requests);
    }

    /** How many requests came for {@code host}, by SNI. */
    public long requests(String host) {
        return requests.stream().filter(request -> request.sni().equals(Optional.of(host))).count();
    }

    /** Connections so far, whatever became of them. */
    public long connections() {
        return accepted.get();
    }

    /** Connections that are open just now: none once every client has let go. */
    public int openConnections() {
        return connections.size();
    }

    /** When it returns, nobody listens on the port any more. */
    @Override
    public void close() {
        closed.countDown();
        close(listener);
        try {
            // the kernel's socket lives on until whoever waits in accept has left
            acceptor.join(Duration.ofSeconds(10));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        connections.forEach(PolicyHost::close);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket connection = listener.accept();
                connections.add(connection);
                accepted.incrementAndGet();
                Thread.startVirtualThread(() -> meet(connection));
            } catch (IOException closing) {
                close(listener);
            }
        }
    }

    private void meet(Socket connection) {
        try (connection) {
            switch (door) {
                case OPEN -> serve(connection);
                case STALLED -> closed.await();
                case SLAMMED -> {
                    connection.getInputStream().read();
                    connection.setSoLinger(true, 0);
                }
                default -> connection.getOutputStream().write("220 this is not TLS\r\n".getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException clientIsGone) {
            close(connection);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            connections.remove(connection);
        }
    }

    private void serve(Socket connection) throws IOException, InterruptedException {
        try (SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(connection, null, connection.getPort(), true)) {
            tls.setUseClientMode(false);
            if (!protocols.isEmpty()) {
                tls.setEnabledProtocols(protocols.toArray(String[]::new));
            }
            tls.startHandshake();
            ReceivedHttpRequest request = read(new BufferedInputStream(tls.getInputStream()), SniKeys.name(tls.getSession()));
            requests.add(request);
            HttpAnswer answer = answer(request);
            new HttpAnswerWriter(tls.getOutputStream(), closed).write(answer);
            if (answer instanceof HttpAnswer.Torso) {
                connection.close();
            }
            if (answer instanceof HttpAnswer.CloseMidBody) {
                // without a close_notify, as when a machine dies
                connection.setSoLinger(true, 0);
                connection.close();
            }
        }
    }

    private HttpAnswer answer(ReceivedHttpRequest request) {
        Optional<HttpAnswer> own = request.sni().map(answers::get);
        return switch (request.method()) {
            case "POST" -> own.orElse(THANKS);
            case "GET" -> own.filter(answer -> request.path().equals(POLICY_PATH)).orElse(NOT_FOUND);
            default -> HttpAnswer.status(405, "");
        };
    }

    private static ReceivedHttpRequest read(InputStream in, Optional<String> sni) throws IOException {
        String[] first = line(in).split(" ");
        Map<String, String> headers = new HashMap<>();
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
        }
        byte[] body = in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
        return new ReceivedHttpRequest(sni, first[0], first[1], Map.copyOf(headers), body);
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0 || line.size() > MAX_LINE) {
                throw new EOFException("no request line");
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
    }

    private static void close(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            throw new IllegalStateException("cannot close " + resource, e);
        }
    }
}
