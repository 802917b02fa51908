package jamestls.smtp;

import jamestls.smtp.EnvelopeCommands.Step;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnection.ConnectionLost;
import jamestls.smtp.TlsObservation.Handshake;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An SMTP session with a server, opened by {@link SmtpConnector#connect}. It can carry several mails one after the other. For use by
 * one thread at a time, except {@link #announce}.
 */
public final class SmtpSession implements AutoCloseable {

    private final TlsObservation observation;
    private final SmtpConnection connection;
    private final ExtensionMemory extensions;
    private boolean misledByEhlo;
    private boolean needsReset;
    private boolean loggedIn;
    private boolean used;
    private Optional<Duration> lastReply = Optional.empty();
    /** Guards the next three. */
    private final ReentrantLock turn = new ReentrantLock();
    private boolean awaitsReply;
    /** The next mail, whose envelope is on its way already. */
    private Optional<Transaction> announced = Optional.empty();
    private boolean hasAnnouncingFailed;

    SmtpSession(TlsObservation observation, SmtpConnection connection, ExtensionMemory extensions) {
        this.extensions = extensions;
        this.observation = observation;
        this.connection = connection;
    }

    /** What was observed until the session was ready for a mail or failed. */
    public TlsObservation observation() {
        return observation;
    }

    /** Whether a mail may be sent now. The server may have closed the connection since the last one. */
    public boolean isUsable() {
        return connection.isOpen();
    }

    /** Sends a mail as {@link #send(Envelope, MessageContent, Runnable)} does, and tells nobody of its final dot. */
    public Transmission send(Envelope envelope, MessageContent content) {
        return send(envelope, content, () -> { });
    }

    /**
     * Sends a mail. Failures of the network, the server and the source of the mail are returned, not thrown.
     *
     * @param envelope the announced one, if another thread has announced one
     * @param dotSent called when the final dot is on its way, before its reply is awaited
     * @throws IllegalStateException if the session is not usable
     */
    public Transmission send(Envelope envelope, MessageContent content, Runnable dotSent) {
        Optional<Transaction> ahead = takeAnnounced();
        if (ahead.isPresent()) {
            return transact(ahead.get(), content, dotSent);
        }
        if (!isUsable()) {
            throw new IllegalStateException("the session with " + observation.mxHost() + " is over");
        }
        EnvelopeCommands commands = new EnvelopeCommands(envelope, offered());
        Optional<Transmission.Unsendable> obstacle = commands.obstacle();
        if (obstacle.isPresent()) {
            return obstacle.get();
        }
        List<Step> steps = commands.steps();
        try {
            if (envelope.login().isPresent() && !loggedIn) {
                new Authentication(connection, observation).logIn(envelope.login().get());
                loggedIn = true;
            }
            if (needsReset) {
                reset();
            }
        } catch (ConnectionLost lost) {
            return new Transmission.Broken(lost.failure(), List.of(), Transmission.FinalDot.NOT_SENT);
        }
        return transact(new Transaction(connection, steps, observation.capabilities(), envelope.size()), content, dotSent);
    }

    /**
     * Whether the next mail's envelope may be sent while the reply to this mail's final dot is awaited (RFC 2920 §3.1): the server
     * offers PIPELINING, and it has not gone wrong with this server in the last day.
     */
    boolean takesAnnouncements() {
        return isUsable() && offered().offers(Transaction.PIPELINING)
            && !extensions.hasFailed(observation.receivingIp(), Transaction.ACROSS_MAILS);
    }

    /** How long the server took for its last reply to a final dot on this session; empty before the first. */
    Optional<Duration> lastReply() {
        return lastReply;
    }

    /**
     * Sends the envelope of the next mail while another thread awaits the reply to this one; the next {@link #send} must be given the
     * same envelope. What goes wrong the other thread finds out.
     *
     * @return whether it is on its way; if not, nothing has changed
     */
    boolean announce(Envelope envelope) {
        EnvelopeCommands commands = new EnvelopeCommands(envelope, offered());
        if (commands.obstacle().isPresent()) {
            return false;
        }
        Transaction next = new Transaction(connection, commands.steps(), observation.capabilities(), envelope.size());
        turn.lock();
        try {
            if (!awaitsReply || announced.isPresent() || hasAnnouncingFailed || envelope.login().isPresent() && !loggedIn) {
                return false;
            }
            if (next.sendAhead()) {
                announced = Optional.of(next);
            }
            return announced.isPresent();
        } catch (IOException e) {
            hasAnnouncingFailed = true;
            return false;
        } finally {
            turn.unlock();
        }
    }

    /** Whether an envelope is on its way whose mail has not been sent. */
    boolean hasAnnounced() {
        turn.lock();
        try {
            return announced.isPresent();
        } finally {
            turn.unlock();
        }
    }

    /** Ends the session, because the mail whose envelope is on its way does not follow: the server would wait for its content. */
    void abort() {
        connection.abort();
    }

    /** The server does not deal well with an envelope behind the final dot: no more of them for a day. */
    void endAnnouncements() {
        extensions.failed(observation.receivingIp(), Transaction.ACROSS_MAILS);
    }

    private Optional<Transaction> takeAnnounced() {
        turn.lock();
        try {
            Optional<Transaction> ahead = announced;
            announced = Optional.empty();
            return ahead;
        } finally {
            turn.unlock();
        }
    }

    private void setAwaitsReply(boolean awaits) {
        turn.lock();
        try {
            awaitsReply = awaits;
        } finally {
            turn.unlock();
        }
    }

    /**
     * Asks with MAIL and RCPT whether the server takes mail for the recipients. Sends no DATA, and ends the transaction with RSET. Failures
     * are returned, not thrown.
     *
     * @return {@link Transmission.Completed} with the reply to each RCPT, of the phase RCPT; or as {@link #send}
     * @throws IllegalStateException if the session is not usable
     */
    public Transmission ask(Envelope envelope) {
        if (!isUsable()) {
            throw new IllegalStateException("the session with " + observation.mxHost() + " is over");
        }
        EnvelopeCommands commands = new EnvelopeCommands(envelope, offered());
        Optional<Transmission.Unsendable> obstacle = commands.obstacle();
        if (obstacle.isPresent()) {
            return obstacle.get();
        }
        List<Transmission.RecipientReply> replies = new ArrayList<>();
        try {
            for (Step step : commands.steps()) {
                if (step.phase() == Phase.DATA) {
                    continue;
                }
                SmtpReply reply = connection.exchange(step.phase(), step.command());
                needsReset = true;
                if (reply.code() / 100 == 3) {
                    throw connection.violation("no answer to " + step.phase() + ": " + reply);
                }
                if (step.phase() == Phase.RCPT) {
                    replies.add(new Transmission.RecipientReply(step.recipient(), reply, Phase.RCPT));
                } else if (!reply.isPositive()) {
                    return new Transmission.Refused(reply, Phase.MAIL);
                }
            }
        } catch (ConnectionLost lost) {
            return new Transmission.Broken(lost.failure(), replies, Transmission.FinalDot.NOT_SENT);
        }
        isAlive();
        return new Transmission.Completed(replies);
    }

    private Transmission transact(Transaction transaction, MessageContent content, Runnable dotSent) {
        Transmission result;
        try {
            result = transaction.run(content, () -> {
                setAwaitsReply(true);
                dotSent.run();
            });
        } finally {
            setAwaitsReply(false);
        }
        lastReply = transaction.finalReplyTime().or(() -> lastReply);
        if (hasAnnouncingFailed) {
            connection.abort();
        }
        if (hasAnnounced() && result instanceof Transmission.Broken || transaction.isLostAfterSentAhead(result)) {
            endAnnouncements();
        }
        needsReset = transaction.isLeftOpen();
        connection.rest();
        transaction.failedExtension(result).ifPresent(keyword -> {
            extensions.failed(observation.receivingIp(), keyword);
            misledByEhlo = true;
            connection.abort();
        });
        judgePipelining(transaction, result);
        used = true;
        return result;
    }

    /**
     * A connection that is lost in the first mail's envelope may have been lost at PIPELINING, as with filters that take one command
     * per packet; later losses have other reasons, such as the server's patience. If it is lost without PIPELINING as well, that was
     * not the reason.
     */
    private void judgePipelining(Transaction transaction, Transmission result) {
        if (!used && transaction.isLostInGroup(result)) {
            extensions.failed(observation.receivingIp(), Transaction.PIPELINING);
            // where the time was over, the next attempt will do: this one has waited long enough
            misledByEhlo = !connection.isOverdue();
        } else if (transaction.isLostInEnvelope(result) && !observation.capabilities().offers(Transaction.PIPELINING)) {
            extensions.cleared(observation.receivingIp(), Transaction.PIPELINING);
        }
    }

    /**
     * Whether the last mail failed because the server lists an extension that it does not support. The session has ended; the next one
     * with the same address does not use the extension.
     */
    public boolean isMisledByEhlo() {
        return misledByEhlo;
    }

    /** Checks with RSET whether the server is ready for another mail. Otherwise the session has ended. */
    public boolean isAlive() {
        if (!isUsable()) {
            return false;
        }
        try {
            reset();
            return true;
        } catch (ConnectionLost lost) {
            return false;
        }
    }

    /** Sends QUIT if the session is in order, waits for the reply within the limit of the phase QUIT, and closes the connection. */
    @Override
    public void close() {
        if (!isUsable()) {
            return;
        }
        try {
            connection.exchange(Phase.QUIT, new CommandLine("QUIT"));
            connection.hangUp();
        } catch (ConnectionLost lost) {
            // the connection is closed anyway
        }
    }

    /** REQUIRETLS is ignored unless offered over TLS (RFC 8689 §2). */
    private Capabilities offered() {
        return observation.handshake() instanceof Handshake.Completed
            ? observation.capabilities() : observation.capabilities().without("REQUIRETLS");
    }

    private void reset() throws ConnectionLost {
        SmtpReply reply = connection.exchange(Phase.MAIL, new CommandLine("RSET"));
        if (reply.code() != 250) {
            throw connection.lost(reply);
        }
        needsReset = false;
        connection.rest();
    }

    /** The source of the bytes of a mail. */
    @FunctionalInterface
    public interface MessageContent {

        /**
         * Writes the whole mail (RFC 5322, headers and body), in any line ends, without dot-stuffing and without the final dot.
         *
         * @throws IOException if the mail can't be read, or as thrown by {@code out}; the caller distinguishes the two
         */
        void writeTo(OutputStream out) throws IOException;
    }
}
