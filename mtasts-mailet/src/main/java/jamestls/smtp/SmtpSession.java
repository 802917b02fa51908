package jamestls.smtp;

import jamestls.smtp.EnvelopeCommands.Step;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnection.ConnectionLost;
import jamestls.smtp.TlsObservation.Handshake;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A conversation with a server, from {@link SmtpConnector#connect}. It may carry several mails one after the other, and is
 * used by one thread at a time.
 */
public final class SmtpSession implements AutoCloseable {

    private final TlsObservation observation;
    private final SmtpConnection connection;
    private final ExtensionMemory extensions;
    private boolean misledByEhlo;
    private boolean needsReset;
    private boolean loggedIn;

    SmtpSession(TlsObservation observation, SmtpConnection connection, ExtensionMemory extensions) {
        this.extensions = extensions;
        this.observation = observation;
        this.connection = connection;
    }

    /** What was seen until the session could take a mail, or could not. */
    public TlsObservation observation() {
        return observation;
    }

    /** Whether a mail may be sent now; says nothing about what the server has done since the last one. */
    public boolean isUsable() {
        return connection.isOpen();
    }

    /**
     * Sends a mail. What the network, the server and the source of the mail do comes back as a value.
     *
     * @throws IllegalStateException when the session is not usable
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
        return result;
    }

    /**
     * Whether the last mail failed at an extension that the server lists and does not master. The session is over; a new one with
     * the same address does without.
     */
    public boolean isMisledByEhlo() {
        return misledByEhlo;
    }

    /** Whether the server is still there and ready for a mail: asks it, with RSET. Otherwise the session is over. */
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

    /** Says QUIT if the conversation is in order, waits for the answer as long as the phase QUIT may last, and hangs up. */
    @Override
    public void close() {
        if (!isUsable()) {
            return;
        }
        try {
            connection.exchange(Phase.QUIT, new CommandLine("QUIT"));
            connection.hangUp();
        } catch (ConnectionLost lost) {
            // we were leaving, and the connection is closed
        }
    }

    /** REQUIRETLS counts only if it was offered under TLS (RFC 8689 §2). */
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

    /** Where the bytes of a mail come from. */
    @FunctionalInterface
    public interface MessageContent {

        /**
         * Writes the whole mail (RFC 5322, headers and body), in any line ends, without dot-stuffing and without the final dot.
         *
         * @throws IOException when the mail cannot be read, or as thrown by {@code out}; it is told apart which of the two it was
         */
        void writeTo(OutputStream out) throws IOException;
    }
}
