package jamestls.fakeinternet;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * A recursive DNS server as its clients see one: UDP and TCP on one ephemeral port of 127.0.0.1. It answers from a
 * {@link Zone}, goes wrong as {@link DnsFaults} say, and keeps the questions it was asked.
 */
public final class DnsServer implements AutoCloseable {

    private static final int MAX_QUERY = 65_535;
    private static final int BIND_ATTEMPTS = 20;

    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private final Zone zone;
    private final DnsFaults faults = new DnsFaults();
    private final DnsReplies replies;
    private final List<DnsQuery> queries = new CopyOnWriteArrayList<>();
    private final Set<Socket> streams = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);

    private DnsServer(DatagramSocket udp, ServerSocket tcp, DnsReplies.Data data, Zone zone) {
        this.udp = udp;
        this.tcp = tcp;
        this.zone = zone;
        this.replies = new DnsReplies(data, zone, faults);
    }

    /** A server with nothing in it yet. */
    public static DnsServer start() {
        return start(new Zone());
    }

    /** A server that answers from {@code zone}, which may go on changing. */
    public static DnsServer start(Zone zone) {
        return start((name, type, chain, withProofs) -> zone.answer(name, type, chain), zone);
    }

    /** A server that hands through what the signed and unsigned zones of {@code tree} have. */
    public static DnsServer start(DnsTree tree) {
        return start(tree::answer, tree.data());
    }

    private static DnsServer start(DnsReplies.Data data, Zone zone) {
        for (int attempt = 1; ; attempt++) {
            try {
                ServerSocket tcp = new ServerSocket(0, 50, loopback());
                try {
                    DnsServer server = new DnsServer(new DatagramSocket(tcp.getLocalPort(), loopback()), tcp, data, zone);
                    // not virtual: under load a virtual thread was seen to wait for ever with questions in the socket (JDK 25)
                    Thread.ofPlatform().daemon().name("fake-dns-udp").start(server::receive);
                    Thread.ofVirtual().name("fake-dns-tcp").start(server::accept);
                    return server;
                } catch (BindException takenByOtherUdp) {
                    tcp.close();
                    if (attempt == BIND_ATTEMPTS) {
                        throw takenByOtherUdp;
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Where it listens, for UDP and TCP. */
    public InetSocketAddress address() {
        return new InetSocketAddress(tcp.getInetAddress(), tcp.getLocalPort());
    }

    public Zone zone() {
        return zone;
    }

    public DnsFaults faults() {
        return faults;
    }

    /** From now on it says of every answer that it is authentic (AD), to those who ask; or no more. */
    public DnsServer vouch(boolean forAll) {
        replies.vouch(forAll);
        return this;
    }

    /** Every question so far, in order of arrival, those that got no answer included. */
    public List<DnsQuery> queries() {
        return List.copyOf(queries);
    }

    /** How often {@code name} was asked for {@code type}, over both transports. */
    public long queries(String name, String type) {
        return queries.stream().filter(query -> query.name().equals(name) && query.type().equals(type)).count();
    }

    @Override
    public void close() {
        closed.countDown();
        udp.close();
        closeQuietly(tcp);
        streams.forEach(DnsServer::closeQuietly);
    }

    private void receive() {
        byte[] buffer = new byte[MAX_QUERY];
        while (!udp.isClosed()) {
            DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
            try {
                udp.receive(packet);
            } catch (IOException closing) {
                continue;
            }
            byte[] wire = Arrays.copyOf(packet.getData(), packet.getLength());
            InetSocketAddress client = (InetSocketAddress) packet.getSocketAddress();
            Thread.startVirtualThread(() -> reply(wire, DnsQuery.Transport.UDP).ifPresent(answer -> send(answer, client)));
        }
    }

    private void send(byte[] answer, InetSocketAddress client) {
        try {
            udp.send(new DatagramPacket(answer, answer.length, client));
        } catch (IOException lost) {
            // as datagrams may be; the server goes on unless it is closed
        }
    }

    private void accept() {
        while (!tcp.isClosed()) {
            try {
                Socket stream = tcp.accept();
                streams.add(stream);
                Thread.startVirtualThread(() -> converse(stream));
            } catch (IOException closing) {
                closeQuietly(tcp);
            }
        }
    }

    private void converse(Socket stream) {
        try (stream) {
            DataInputStream in = new DataInputStream(stream.getInputStream());
            DataOutputStream out = new DataOutputStream(stream.getOutputStream());
            while (true) {
                byte[] wire = in.readNBytes(in.readUnsignedShort());
                Optional<byte[]> answer = reply(wire, DnsQuery.Transport.TCP);
                if (answer.isPresent()) {
                    byte[] framed = new byte[answer.get().length + 2];
                    framed[0] = (byte) (answer.get().length >> 8);
                    framed[1] = (byte) answer.get().length;
                    System.arraycopy(answer.get(), 0, framed, 2, answer.get().length);
                    out.write(framed);
                }
            }
        } catch (IOException clientIsDone) {
            streams.remove(stream);
        }
    }

    private Optional<byte[]> reply(byte[] wire, DnsQuery.Transport transport) {
        try {
            Message query = new Message(wire);
            Record question = query.getQuestion();
            if (question == null) {
                return Optional.empty();
            }
            queries.add(new DnsQuery(question.getName().canonicalize().toString(true), Type.string(question.getType()), transport,
                bits(query)));
            Duration delay = faults.delayOf(question.getName().canonicalize());
            if (closed.await(delay.toNanos(), TimeUnit.NANOSECONDS)) {
                return Optional.empty();
            }
            return replies.to(query, transport);
        } catch (IOException notDns) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private static Set<DnsQuery.Bit> bits(Message query) {
        Set<DnsQuery.Bit> bits = EnumSet.noneOf(DnsQuery.Bit.class);
        if (query.getHeader().getFlag(Flags.CD)) {
            bits.add(DnsQuery.Bit.CD);
        }
        if (query.getHeader().getFlag(Flags.AD)) {
            bits.add(DnsQuery.Bit.AD);
        }
        if (query.getOPT() != null && (query.getOPT().getFlags() & ExtendedFlags.DO) != 0) {
            bits.add(DnsQuery.Bit.DO);
        }
        return bits;
    }

    private static InetAddress loopback() throws IOException {
        return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    }

    private static void closeQuietly(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            throw new IllegalStateException("cannot close " + resource, e);
        }
    }
}
