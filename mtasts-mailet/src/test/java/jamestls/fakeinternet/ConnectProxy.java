package jamestls.fakeinternet;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An HTTP proxy that answers CONNECT and leads every tunnel to one loopback server, whatever it was asked for. */
public final class ConnectProxy implements AutoCloseable {

    private final ServerSocket listener;
    private final InetSocketAddress server;
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private volatile String answer = "HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n";

    private ConnectProxy(ServerSocket listener, InetSocketAddress server) {
        this.listener = listener;
        this.server = server;
        Thread.ofVirtual().start(this::accept);
    }

    public static ConnectProxy to(InetSocketAddress server) {
        try {
            return new ConnectProxy(new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1")), server);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Says this to every request from now on; only a 200 is followed by a tunnel. */
    public ConnectProxy answer(String text) {
        answer = text;
        return this;
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** The request lines so far. */
    public List<String> asked() {
        return List.copyOf(asked);
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Thread.startVirtualThread(() -> serve(client));
            }
        } catch (IOException closed) {
            return;
        }
    }

    private void serve(Socket client) {
        try (client) {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                head.append((char) client.getInputStream().read());
            }
            asked.add(head.substring(0, head.indexOf("\r\n")));
            client.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
            if (!answer.startsWith("HTTP/1.1 200")) {
                return;
            }
            try (Socket target = new Socket(server.getAddress(), server.getPort())) {
                Thread back = Thread.startVirtualThread(() -> copy(target, client));
                copy(client, target);
                back.join();
            }
        } catch (IOException gone) {
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void copy(Socket from, Socket to) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            in.transferTo(out);
            to.shutdownOutput();
        } catch (IOException gone) {
            return;
        }
    }
}
