package jamestls.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * A mail server that takes everything, in a process of its own, so that its work is not counted as the sender's. It speaks
 * on standard input and output with whoever started it: {@code close} holds back every answer from now on,
 * {@code open} lets them go, {@code refuse} has it refuse recipients for now, {@code accept} take them again, {@code rtt N} sets the
 * milliseconds of a round trip for new connections, {@code count} answers {@code MAILS CONNECTIONS OPEN}.
 *
 * <p>Arguments: a PKCS#12 file with the key of each host (empty password, the address as alias), then the addresses.
 */
final class SinkServer {

    private static final char[] NO_PASSWORD = "sink".toCharArray();

    private final LongAdder mails = new LongAdder();
    private final LongAdder connections = new LongAdder();
    private final LongAdder closed = new LongAdder();
    private volatile CountDownLatch gate = new CountDownLatch(0);
    private volatile boolean refusing;
    private volatile Duration roundTrip = Duration.ZERO;

    private SinkServer() {
    }

    public static void main(String[] arguments) throws Exception {
        new SinkServer().run(Path.of(arguments[0]), Arrays.copyOfRange(arguments, 1, arguments.length));
    }

    private void run(Path keys, String[] addresses) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(keys)) {
            store.load(file, NO_PASSWORD);
        }
        int port = 0;
        for (String address : addresses) {
            ServerSocket listener = new ServerSocket(port, 1_024, InetAddress.getByName(address));
            port = listener.getLocalPort();
            SSLContext tls = contextOf(store, address);
            Thread.ofPlatform().daemon().start(() -> accept(listener, tls));
        }
        System.out.println(port);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String command = commands.readLine(); command != null; command = commands.readLine()) {
            System.out.println(obey(command));
        }
    }

    private String obey(String command) {
        return switch (command.split(" ")[0]) {
            case "count" -> mails.sum() + " " + connections.sum() + " " + (connections.sum() - closed.sum());
            case "rtt" -> {
                roundTrip = Duration.ofMillis(Long.parseLong(command.split(" ")[1]));
                yield "ok";
            }
            case "refuse", "accept" -> {
                refusing = command.equals("refuse");
                yield "ok";
            }
            case "close" -> {
                gate = new CountDownLatch(1);
                yield "ok";
            }
            case "open" -> {
                gate.countDown();
                yield "ok";
            }
            default -> "what?";
        };
    }

    private void accept(ServerSocket listener, SSLContext tls) {
        try {
            while (true) {
                Socket connection = listener.accept();
                connections.increment();
                connection.setTcpNoDelay(true);
                Thread.ofVirtual().start(() -> serve(connection, tls));
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void serve(Socket connection, SSLContext tls) {
        try (Socket far = roundTrip.isZero() ? connection : new DelayedSocket(connection, roundTrip)) {
            new SinkConversation(far, tls, mails, () -> gate, () -> refusing).run();
        } catch (IOException | InterruptedException left) {
            // the sender hung up
        } finally {
            closed.increment();
        }
    }

    private static SSLContext contextOf(KeyStore all, String alias) throws GeneralSecurityException, IOException {
        KeyStore one = KeyStore.getInstance("PKCS12");
        one.load(null, null);
        one.setKeyEntry("key", all.getKey(alias, NO_PASSWORD), NO_PASSWORD, all.getCertificateChain(alias));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(one, NO_PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }
}
