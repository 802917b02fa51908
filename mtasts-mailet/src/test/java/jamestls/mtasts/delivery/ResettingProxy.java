package jamestls.mtasts.delivery;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/** Hands connections through to a server; the first one is reset when the client begins its TLS handshake. */
final class ResettingProxy implements AutoCloseable {

    private static final int TLS_HANDSHAKE_RECORD = 0x16;

    private final InetSocketAddress server;
    private final ServerSocket listener;
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger resets = new AtomicInteger();

    private ResettingProxy(InetSocketAddress server, ServerSocket listener) {
        this.server = server;
        this.listener = listener;
    }

    /** Listens at another address, on the server's port. */
    static ResettingProxy before(InetSocketAddress server, String address) throws IOException {
        ServerSocket listener = new ServerSocket(server.getPort(), 10, new InetSocketAddress(address, 0).getAddress());
        ResettingProxy proxy = new ResettingProxy(server, listener);
        Thread.ofVirtual().name("resetting-proxy").start(proxy::accept);
        return proxy;
    }

    int resets() {
        return resets.get();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                boolean first = connections.getAndIncrement() == 0;
                Socket there = new Socket(server.getAddress(), server.getPort());
                Thread.ofVirtual().start(() -> copy(there, client, false));
                Thread.ofVirtual().start(() -> copy(client, there, first));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void copy(Socket from, Socket to, boolean resetAtHandshake) {
        byte[] buffer = new byte[16_384];
        try (from; to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            int length = in.read(buffer);
            while (length > 0) {
                if (resetAtHandshake && buffer[0] == TLS_HANDSHAKE_RECORD) {
                    resets.incrementAndGet();
                    // closed with unread or unsent data and no lingering, a connection is reset
                    from.setSoLinger(true, 0);
                    return;
                }
                out.write(buffer, 0, length);
                length = in.read(buffer);
            }
        } catch (IOException ended) {
            // by either side: the connection is over
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
