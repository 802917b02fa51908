package jamestls.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * A connection as seen from far away: what is written to it leaves a round trip later, in order and without holding up the
 * writer. Reading is as ever, so every answer comes one round trip after its question.
 */
final class DelayedSocket extends Socket {

    private record Segment(byte[] bytes, long due) {
    }

    private static final byte[] END = new byte[0];

    private final Socket real;
    private final Duration roundTrip;
    private final BlockingQueue<Segment> underWay = new LinkedBlockingQueue<>();

    DelayedSocket(Socket real, Duration roundTrip) {
        this.real = real;
        this.roundTrip = roundTrip;
        Thread.ofVirtual().start(this::carry);
    }

    @Override
    public InputStream getInputStream() throws IOException {
        return real.getInputStream();
    }

    @Override
    public OutputStream getOutputStream() {
        return new OutputStream() {
            @Override
            public void write(int b) {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
                byte[] copy = new byte[length];
                System.arraycopy(bytes, offset, copy, 0, length);
                underWay.add(new Segment(copy, System.nanoTime() + roundTrip.toNanos()));
            }
        };
    }

    @Override
    public void close() {
        underWay.add(new Segment(END, System.nanoTime() + roundTrip.toNanos()));
    }

    @Override
    public boolean isConnected() {
        return true;
    }

    @Override
    public boolean isClosed() {
        return real.isClosed();
    }

    @Override
    public InetAddress getInetAddress() {
        return real.getInetAddress();
    }

    @Override
    public int getPort() {
        return real.getPort();
    }

    @Override
    public SocketAddress getRemoteSocketAddress() {
        return real.getRemoteSocketAddress();
    }

    @Override
    public void setSoTimeout(int timeout) throws SocketException {
        real.setSoTimeout(timeout);
    }

    @Override
    public int getSoTimeout() throws SocketException {
        return real.getSoTimeout();
    }

    @Override
    public void setTcpNoDelay(boolean on) throws SocketException {
        real.setTcpNoDelay(on);
    }

    private void carry() {
        try (real) {
            while (true) {
                Segment next = underWay.take();
                for (long left = next.due() - System.nanoTime(); left > 0; left = next.due() - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                if (next.bytes() == END) {
                    return;
                }
                real.getOutputStream().write(next.bytes());
            }
        } catch (IOException | InterruptedException gone) {
            // the other side has left; so does this one
        }
    }
}
