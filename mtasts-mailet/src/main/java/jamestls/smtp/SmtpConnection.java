package jamestls.smtp;

import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import jamestls.net.Watchdog;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.TlsObservation.Handshake;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/**
 * The connection: commands out, replies in. It is always in one phase, whose deadline covers everything done in it;
 * {@link #enter} starts the next one. Whatever goes wrong closes the connection, so that nothing can be sent after it.
 */
final class SmtpConnection {

    /** Off unless asked for: it shows addresses, and no mail. */
    private static final SanitizedLogger LOG = SanitizedLogger.of("jamestls.smtp.wire");
    private static final int MAX_DETAIL = 300;

    private final SmtpSettings settings;
    private final Watchdog watchdog;
    private final SessionListener listener;
    private final Socket plain = new Socket();
    private OutputStream out = OutputStream.nullOutputStream();
    private Socket top = plain;
    private ReplyReader replies;
    private Phase phase = Phase.CONNECT;
    private Optional<Watchdog.Deadline> deadline = Optional.empty();
    private Optional<Watchdog.Deadline> envelope = Optional.empty();
    private Optional<IOException> bodyFailure = Optional.empty();

    SmtpConnection(SmtpSettings settings, Watchdog watchdog, SessionListener listener) {
        this.settings = settings;
        this.watchdog = watchdog;
        this.listener = listener;
    }

    /** Starts the time of that phase. If the connection is in it already, the time goes on. */
    void enter(Phase next) {
        if (next != phase || deadline.isEmpty()) {
            start(next, settings.limit(next));
        }
    }

    /** Starts the time of that phase, anew if the connection is in it already: for one more answer. */
    void restart(Phase next) {
        start(next, settings.limit(next));
    }

    /** As {@link #restart(Phase)}, with that limit if it is shorter than the phase's. */
    void restart(Phase next, Duration longest) {
        Duration limit = settings.limit(next);
        start(next, longest.compareTo(limit) < 0 ? longest : limit);
    }

    /** Starts the time of BODY, which depends on the size of the mail. */
    void enterBody(OptionalLong size) {
        start(Phase.BODY, settings.bodyLimit(size));
    }

    private void start(Phase next, Duration limit) {
        rest();
        if (deadline.isEmpty()) {
            phase = next;
            deadline = Optional.of(watchdog.start(limit, plain));
        }
    }

    /** Starts the time that all commands of one envelope share, beside the limit of each answer. */
    void beginEnvelope(int recipients) {
        envelope = Optional.of(watchdog.start(settings.envelopeLimit(recipients), plain));
    }

    void endEnvelope() {
        envelope.ifPresent(Watchdog.Deadline::meet);
        envelope = envelope.filter(Watchdog.Deadline::isExpired);
    }

    /** No deadline runs: nothing is expected from the server. One that has expired stays, it is what the session ended with. */
    void rest() {
        deadline.ifPresent(Watchdog.Deadline::meet);
        deadline = deadline.filter(Watchdog.Deadline::isExpired);
    }

    /** The session is ready for a mail, unless its time ran out at the very last. */
    void ready() throws ConnectionLost {
        rest();
        if (!isOpen()) {
            throw lost(new SocketException("the connection is closed"));
        }
        if (replies.isOverrun()) {
            read();
        }
    }

    void connect(InetSocketAddress address) throws ConnectionLost {
        enter(Phase.CONNECT);
        try {
            plain.setTcpNoDelay(true);
            Optional<InetAddress> own = settings.bindAddressFor(address.getAddress());
            if (own.isPresent()) {
                plain.bind(new InetSocketAddress(own.get(), 0));
            }
            plain.connect(address);
            replies = new ReplyReader(plain.getInputStream());
            out = plain.getOutputStream();
            listener.happened("connected");
        } catch (IOException e) {
            throw lost(e);
        }
    }

    /** Our end of the connection. */
    InetAddress sendingIp() {
        return plain.getLocalAddress();
    }

    boolean isOpen() {
        return !plain.isClosed();
    }

    /** Sends one command and returns the reply, in that phase. */
    SmtpReply exchange(Phase in, CommandLine command) throws ConnectionLost {
        enter(in);
        write(command);
        return read();
    }

    /** As {@link #exchange}, and the reply keeps all its lines. */
    SmtpReply exchangeInFull(Phase in, CommandLine command) throws ConnectionLost {
        enter(in);
        write(command);
        return read(ReplyReader.MAX_REPLY);
    }

    /** Sends commands in one piece (RFC 2920). */
    void write(CommandLine... commands) throws ConnectionLost {
        refuseUnaskedReply();
        try {
            writeAhead(commands);
        } catch (IOException e) {
            throw writeFailed(e);
        }
    }

    /**
     * Sends commands in one piece. Unlike the rest of this class it may be called while another thread reads a reply; what it throws
     * that thread will notice, too, and the time of that reply bounds it.
     */
    void writeAhead(CommandLine... commands) throws IOException {
        int length = 0;
        for (CommandLine command : commands) {
            length += command.length();
        }
        byte[] bytes = new byte[length];
        int next = 0;
        for (CommandLine command : commands) {
            LOG.trace("C: {}", command);
            listener.sent(command.toString());
            System.arraycopy(command.bytes(), 0, bytes, next, command.length());
            next += command.length();
        }
        out.write(bytes);
        out.flush();
    }

    SmtpReply read() throws ConnectionLost {
        return read(ReplyReader.MAX_TEXT);
    }

    /** A reply whose text is data, as EHLO's is: all of it, within the bound of the reader. */
    private SmtpReply read(int maxText) throws ConnectionLost {
        try {
            SmtpReply reply = replies.read(maxText);
            LOG.trace("S: {}", reply);
            listener.received(reply);
            return reply;
        } catch (IOException e) {
            throw lost(e);
        }
    }

    /** Like {@link #read}; 421 ends the session at any point (RFC 5321 §3.8). */
    SmtpReply answer() throws ConnectionLost {
        SmtpReply reply = read();
        if (reply.code() == 421) {
            throw lost(reply);
        }
        return reply;
    }

    /** Where the body goes; its failures are kept, see {@link #bodyFailure}. */
    OutputStream body() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                if (bodyFailure.isPresent()) {
                    throw new IOException("the connection has failed", bodyFailure.get());
                }
                try {
                    out.write(bytes, offset, length);
                } catch (IOException e) {
                    bodyFailure = Optional.of(e);
                    throw e;
                }
            }
        };
    }

    /** What the connection threw while the body was written: tells its failures from those of the mail's own source. */
    Optional<IOException> bodyFailure() {
        return bodyFailure;
    }

    /** Whether the server has sent something that nobody asked for yet. */
    boolean hasUnread() throws ConnectionLost {
        try {
            return replies.hasUnread();
        } catch (IOException e) {
            throw lost(e);
        }
    }

    /** Switches to TLS with a new reader, so that nothing read before is used after. */
    Handshake.Completed secure(TlsHandshake tls, TlsHandshake.Endpoint endpoint) throws ConnectionLost {
        enter(Phase.HANDSHAKE);
        try {
            TlsHandshake.Secured secured = tls.over(plain, endpoint);
            top = secured.socket();
            replies = new ReplyReader(top.getInputStream());
            out = top.getOutputStream();
            listener.happened("TLS: " + secured.handshake().protocol() + ", " + secured.handshake().cipherSuite());
            return secured.handshake();
        } catch (IOException e) {
            throw lost(e);
        }
    }

    /** A reply that ends the session. */
    ConnectionLost lost(SmtpReply reply) {
        SmtpReply kept = reply.shortened();
        return end(kept.toString(), Optional.of(kept), null);
    }

    /** The server does not keep to the protocol. */
    ConnectionLost violation(String detail) {
        return end(detail, Optional.empty(), null);
    }

    /** The connection or its reader failed, or its time is up. */
    ConnectionLost lost(IOException e) {
        String detail = deadline.filter(Watchdog.Deadline::isExpired)
            .map(expired -> phase + " was not over within " + seconds(expired))
            .or(() -> envelope.filter(Watchdog.Deadline::isExpired).map(expired -> "the envelope was not over within " + seconds(expired)))
            .orElseGet(() -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
        return end(detail, Optional.empty(), e);
    }

    /** A server that hung up may have said why: 421, or 552 in the middle of a body. */
    ConnectionLost writeFailed(IOException e) {
        if (isOverdue()) {
            return lost(e);
        }
        try {
            SmtpReply farewell = replies.read();
            return farewell.isPositive() ? lost(e) : lost(farewell);
        } catch (SSLException alert) {
            return lost(alert);
        } catch (IOException nothingLeft) {
            return lost(e);
        }
    }

    /** Whether the connection ended because the time for a step, or for the envelope, was over. */
    boolean isOverdue() {
        return Stream.of(deadline, envelope).flatMap(Optional::stream).anyMatch(Watchdog.Deadline::isExpired);
    }

    /** Closes the connection in order, with close_notify under TLS. */
    void hangUp() {
        listener.happened("closed");
        try {
            top.close();
        } catch (IOException e) {
            LOG.trace("closing: {}", e.toString());
        }
        abort();
    }

    /** Closes the connection at once, without close_notify: sending it could block. */
    void abort() {
        rest();
        endEnvelope();
        cut();
    }

    /** Closes the connection under whoever uses it; for any thread, unlike the rest of this class. */
    void cut() {
        try {
            plain.close();
        } catch (IOException e) {
            LOG.trace("cutting: {}", e.toString());
        }
    }

    private void refuseUnaskedReply() throws ConnectionLost {
        if (hasUnread()) {
            SmtpReply unasked = read();
            throw unasked.code() == 421 ? lost(unasked) : violation("a reply that nobody asked for: " + unasked);
        }
    }

    private ConnectionLost end(String detail, Optional<SmtpReply> reply, Throwable cause) {
        abort();
        SessionFailure.Cause kind = reply.isPresent() ? SessionFailure.Cause.REPLY
            : cause == null || cause instanceof ReplyReader.MalformedReply ? SessionFailure.Cause.PROTOCOL : SessionFailure.Cause.LOST;
        SessionFailure failure = new SessionFailure(phase, Sanitized.line(detail, MAX_DETAIL), reply, kind);
        listener.happened("ended in phase " + phase + ": " + failure.detail());
        return new ConnectionLost(failure, cause);
    }

    private static String seconds(Watchdog.Deadline expired) {
        return expired.limit().toMillis() / 1000.0 + " s";
    }

    /** The connection is closed. Thrown within this package only, whose callers get the failure as a value. */
    static final class ConnectionLost extends Exception {

        private final SessionFailure failure;

        ConnectionLost(SessionFailure failure, Throwable cause) {
            super(failure.detail(), cause);
            this.failure = failure;
        }

        SessionFailure failure() {
            return failure;
        }
    }
}
