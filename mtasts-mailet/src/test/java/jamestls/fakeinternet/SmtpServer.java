package jamestls.fakeinternet;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLContext;

/**
 * A mail server of the fake internet: honest until told otherwise.
 *
 * <pre>
 *   try (SmtpServer mx = SmtpServer.named("mx1.example.test").identity(ca.issue("mx1.example.test")).start()) {
 *       mx.replyTo("bob@example.test", "550 5.1.1 who?");
 *       mx.at(SmtpPhase.FINAL_REPLY, SmtpAct.drop());
 *       … deliver to mx.address() …
 *       assertThat(mx.awaitMails(1, Duration.ofSeconds(5)).getFirst().tls()).isPresent();
 *   }
 * </pre>
 *
 * Everything may be changed while it runs and holds for what happens next, on open connections, too. Each connection is
 * served by a virtual thread of its own.
 */
public final class SmtpServer implements AutoCloseable {

    private static final int MAX_TRANSCRIPT = 20_000;

    private final SmtpServerSetup setup;
    private final ServerSocket listener;
    private final Optional<SSLContext> tls;
    private final Map<SmtpPhase, SmtpAct> acts = new ConcurrentHashMap<>();
    private final Map<SmtpPhase, Queue<SmtpAct>> onceActs = new ConcurrentHashMap<>();
    private final Map<String, SmtpAct> recipientActs = new ConcurrentHashMap<>();
    private volatile Duration latency = Duration.ZERO;
    private volatile int mostAtOnce = Integer.MAX_VALUE;
    private final AtomicInteger serving = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();

    private final CountDownLatch released = new CountDownLatch(1);
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition mailCame = lock.newCondition();
    private final List<ReceivedMail> mails = new ArrayList<>();
    private final List<String> transcript = new ArrayList<>();

    SmtpServer(SmtpServerSetup setup) throws IOException {
        this.setup = setup;
        // made once: opening the key store costs more than a handshake
        this.tls = setup.identity().map(Identity::serverContext);
        this.listener = new ServerSocket(setup.port(), 1_024, setup.address());
        Thread.ofVirtual().name("fake-smtp-" + setup.hostName()).start(this::accept);
    }

    /** A server of that name, to be described further and started. */
    public static SmtpServerSetup named(String hostName) {
        return new SmtpServerSetup(hostName);
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return new InetSocketAddress(ip(), port());
    }

    public InetAddress ip() {
        return listener.getInetAddress();
    }

    public int port() {
        return listener.getLocalPort();
    }

    public String hostName() {
        return setup.hostName();
    }

    /** From now on it does that at that phase. */
    public SmtpServer at(SmtpPhase phase, SmtpAct act) {
        acts.put(phase, act);
        return this;
    }

    /** It does that the next time it comes to that phase; several are taken in turn, and go before {@link #at}. */
    public SmtpServer once(SmtpPhase phase, SmtpAct act) {
        onceActs.computeIfAbsent(phase, p -> new ConcurrentLinkedQueue<>()).add(act);
        return this;
    }

    /** From now on it replies that to everybody's command of that phase, for example {@code reply(RCPT, "450 4.2.1 later")}. */
    public SmtpServer reply(SmtpPhase phase, String... lines) {
        return at(phase, SmtpAct.say(lines));
    }

    /** From now on it replies that to RCPT for that address. */
    public SmtpServer replyTo(String recipient, String... lines) {
        recipientActs.put(recipient, SmtpAct.say(lines));
        return this;
    }

    /** Time it takes before each reply. */
    public SmtpServer latency(Duration pause) {
        latency = pause;
        return this;
    }

    /** Takes only so many connections at once; the others hear 421 and are closed. */
    public SmtpServer atMost(int connectionsAtOnce) {
        mostAtOnce = connectionsAtOnce;
        return this;
    }

    /** How many connections heard that it has enough of them. */
    public int refusedConnections() {
        return refused.get();
    }

    /** Whether one more connection may be served; counted until {@link #served}. */
    boolean serves() {
        if (serving.incrementAndGet() <= mostAtOnce) {
            return true;
        }
        refused.incrementAndGet();
        return false;
    }

    void served() {
        serving.decrementAndGet();
    }

    /** Honest again, in everything. */
    public SmtpServer behave() {
        acts.clear();
        onceActs.clear();
        recipientActs.clear();
        latency = Duration.ZERO;
        return this;
    }

    /** How many connections it has accepted so far. */
    public int connections() {
        return connections.get();
    }

    /** How many of them are open on the server's side. */
    public int openConnections() {
        return open.size();
    }

    /** What it took so far. */
    public List<ReceivedMail> mails() {
        lock.lock();
        try {
            return List.copyOf(mails);
        } finally {
            lock.unlock();
        }
    }

    /** What it took, once that is at least so many mails; an {@link AssertionError} when they do not come in time. */
    public List<ReceivedMail> awaitMails(int count, Duration patience) {
        lock.lock();
        try {
            long left = patience.toNanos();
            while (mails.size() < count) {
                if (left <= 0) {
                    throw new AssertionError(hostName() + " got " + mails.size() + " of " + count + " mails. Transcript:\n"
                        + String.join("\n", transcript));
                }
                left = mailCame.awaitNanos(left);
            }
            return List.copyOf(mails);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        } finally {
            lock.unlock();
        }
    }

    /** Everything said so far, on all connections: {@code S: 220 …}, {@code C: EHLO …}, {@code -- TLSv1.3}; the first 20,000 lines. */
    public List<String> transcript() {
        lock.lock();
        try {
            return List.copyOf(transcript);
        } finally {
            lock.unlock();
        }
    }

    /** Every stall ends, those to come as well: the connection is read to its end and closed. */
    public void release() {
        released.countDown();
    }

    /** Stops listening and closes every connection. */
    @Override
    public void close() {
        release();
        closeQuietly(listener);
        open.forEach(SmtpServer::closeQuietly);
    }

    SmtpServerSetup setup() {
        return setup;
    }

    /** What it was told to do at that phase, if anything. */
    Optional<SmtpAct> actAt(SmtpPhase phase) {
        Queue<SmtpAct> once = onceActs.get(phase);
        SmtpAct next = once == null ? null : once.poll();
        return Optional.ofNullable(next != null ? next : acts.get(phase));
    }

    Optional<SmtpAct> actFor(String recipient) {
        return Optional.ofNullable(recipientActs.get(recipient)).or(() -> actAt(SmtpPhase.RCPT));
    }

    /** The server's side of TLS, if it has an identity. */
    Optional<SSLContext> tls() {
        return tls;
    }

    Duration latency() {
        return latency;
    }

    /** Waits that long, or until everything stalled is released. */
    void pause(Duration pause) throws InterruptedException {
        if (pause.isPositive()) {
            boolean early = released.await(pause.toNanos(), TimeUnit.NANOSECONDS);
            if (early) {
                note("-- released");
            }
        }
    }

    void awaitRelease() throws InterruptedException {
        released.await();
    }

    void took(ReceivedMail mail) {
        lock.lock();
        try {
            mails.add(mail);
            mailCame.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void note(String line) {
        lock.lock();
        try {
            if (transcript.size() < MAX_TRANSCRIPT) {
                transcript.add(line);
            }
        } finally {
            lock.unlock();
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket connection = listener.accept();
                connections.incrementAndGet();
                open.add(connection);
                if (listener.isClosed()) {
                    connection.close();
                }
                Thread.ofVirtual().start(() -> serve(connection));
            }
        } catch (IOException closed) {
            note("-- stopped");
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            connection.setTcpNoDelay(true);
            new SmtpServerConversation(this, connection).run();
        } catch (IOException e) {
            note("-- lost: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(connection);
        }
    }

    private static void closeQuietly(Closeable closeable) {
        try {
            closeable.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
