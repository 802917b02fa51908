package jamestls.fakeinternet;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ports for programs that tests start. They are below those that Linux gives to outgoing connections (32768 to 60999): such a connection
 * could take a port before its program listens, or while it is stopped, even the one of a client that tries to reach it.
 */
public final class ServerPorts {

    private static final int FIRST = 10_240;
    private static final int NUMBER = 32_768 - FIRST;
    /** Random, because other builds look for ports on the same machine. */
    private static final AtomicInteger NEXT = new AtomicInteger(ThreadLocalRandom.current().nextInt(NUMBER));

    private ServerPorts() {
    }

    /** A port that nobody listens on, with TCP or UDP, at any address. This process does not get it twice. */
    public static int free() {
        for (int tried = 0; tried < NUMBER; tried++) {
            int port = FIRST + Math.floorMod(NEXT.getAndIncrement(), NUMBER);
            try (ServerSocket tcp = new ServerSocket(port); DatagramSocket udp = new DatagramSocket(port)) {
                return tcp.getLocalPort();
            } catch (IOException taken) {
                // the next one, then
            }
        }
        throw new IllegalStateException("there is no free port from " + FIRST + " on");
    }
}
