package jamestls.smtp;

import jamestls.smtp.EnvelopeCommands.Step;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnection.ConnectionLost;
import jamestls.smtp.TlsObservation.Handshake;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An SMTP session with a server, opened by {@link SmtpConnector#connect}. It can carry several mails one after the other. For use by
 * one thread at a time.
 */
public final class SmtpSession implements AutoCloseable {

    private final TlsObservation observation;
    private final SmtpConnection connection;
    private final ExtensionMemory extensions;
    private boolean misledByEhlo;
    private boolean needsReset;
    private boolean loggedIn;
    private boolean used;

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

    /**
     * Sends a mail. Failures of the network, the server and the source of the mail are returned, not thrown.
     *
     * @throws IllegalStateException if the session is not usable
     */
    public Transmission send(Envelope envelope, MessageContent content) {
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
        return transact(steps, envelope.size(), content);
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

    private Transmission transact(List<Step> steps, OptionalLong size, MessageContent content) {
        Transaction transaction = new Transaction(connection, steps, observation.capabilities(), size);
        Transmission result = transaction.run(content);
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
