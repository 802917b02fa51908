package jamestls.smtp;

import jamestls.net.Sanitized;
import jamestls.net.Watchdog;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnection.ConnectionLost;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.TlsObservation.Handshake;
import jamestls.smtp.TlsObservation.StartTls;
import java.net.InetAddress;
import java.util.Optional;
import javax.net.ssl.SSLException;

/** Opens one session, from connecting to the last EHLO reply, and records what was observed. */
final class SessionSetup {

    private static final int MAX_HELO = 255;

    private final SmtpSettings settings;
    private final SmtpConnection connection;
    private final TlsHandshake tls;
    private final ExtensionMemory extensions;
    private final TlsHandshake.Endpoint endpoint;
    private boolean mayResume;

    private Optional<InetAddress> sendingIp = Optional.empty();
    private Optional<SmtpReply> greeting = Optional.empty();
    private Optional<String> helo = Optional.empty();
    private StartTls startTls = StartTls.UNKNOWN;
    private Optional<SmtpReply> startTlsReply = Optional.empty();
    private Handshake handshake = new Handshake.NotAttempted();
    private Optional<SessionFailure> failure = Optional.empty();
    private Capabilities capabilities = Capabilities.none();

    SessionSetup(SmtpSettings settings, Watchdog watchdog, TlsHandshake tls, ExtensionMemory extensions,
                 TlsHandshake.Endpoint endpoint, SessionListener listener) {
        this.extensions = extensions;
        this.settings = settings;
        this.connection = new SmtpConnection(settings, watchdog, listener);
        this.tls = tls;
        this.endpoint = endpoint;
    }

    SmtpSession open(TlsUse use) {
        try {
            connection.connect(endpoint.address());
            sendingIp = Optional.of(connection.sendingIp());
            if (use == TlsUse.IMPLICIT) {
                underTlsAtOnce();
            } else {
                greet();
                hello(Phase.EHLO);
                startTls = capabilities.offers("STARTTLS") ? StartTls.OFFERED : StartTls.NOT_OFFERED;
                if (use == TlsUse.IF_OFFERED && startTls == StartTls.OFFERED) {
                    startTls();
                }
            }
            connection.ready();
        } catch (ConnectionLost lost) {
            failure = Optional.of(lost.failure());
        }
        return new SmtpSession(new TlsObservation(
            new TlsObservation.Ends(endpoint.mxHost(), endpoint.address().getAddress(), sendingIp), greeting, helo,
            new TlsObservation.Offer(startTls, startTlsReply), handshake, capabilities, failure), connection, extensions);
    }

    /** Ends it at once; for any thread. */
    void cut() {
        connection.cut();
    }

    private void underTlsAtOnce() throws ConnectionLost {
        // the verdict treats implicit TLS as STARTTLS that was offered and accepted
        startTls = StartTls.OFFERED;
        handshake = shakeHands();
        greet();
        helloUnderTls();
    }

    private void greet() throws ConnectionLost {
        connection.enter(Phase.GREETING);
        greeting = Optional.of(connection.read());
        if (greeting.get().code() != 220) {
            throw connection.lost(greeting.get());
        }
    }

    private void hello(Phase phase) throws ConnectionLost {
        capabilities = Capabilities.none();
        SmtpReply ehlo = connection.exchangeInFull(phase, new CommandLine("EHLO " + settings.heloName()));
        if (ehlo.isPermanent()) {
            ehlo = heloInstead(phase, ehlo);
        } else if (ehlo.code() == 250) {
            capabilities = extensions.mastered(endpoint.address().getAddress(), Capabilities.of(ehlo));
        }
        if (ehlo.code() != 250) {
            throw connection.lost(ehlo);
        }
        helo = firstWord(ehlo);
    }

    /** RFC 5321 §3.2: a server that does not know EHLO is spoken to with HELO; one that hangs up then meant its refusal. */
    private SmtpReply heloInstead(Phase phase, SmtpReply refusal) throws ConnectionLost {
        try {
            return connection.exchange(phase, new CommandLine("HELO " + settings.heloName()));
        } catch (ConnectionLost lost) {
            throw connection.lost(refusal);
        }
    }

    private void startTls() throws ConnectionLost {
        SmtpReply reply = askForTls();
        startTlsReply = Optional.of(reply);
        if (reply.code() == 421) {
            throw connection.lost(reply);
        }
        if (reply.code() == 220) {
            // only 220 starts TLS (RFC 3207 §4)
            handshake = shakeHands();
            helloUnderTls();
        }
    }

    private SmtpReply askForTls() throws ConnectionLost {
        try {
            return connection.exchange(Phase.STARTTLS, new CommandLine("STARTTLS"));
        } catch (ConnectionLost lost) {
            throw handshakeFailed(lost);
        }
    }

    private Handshake shakeHands() throws ConnectionLost {
        try {
            if (connection.hasUnread()) {
                // what comes in clear between the 220 and the handshake may be anybody's: RFC 3207 §6
                throw connection.violation("the server sent more than its 220 in clear before the TLS handshake");
            }
            mayResume = tls.mayResume(endpoint);
            return connection.secure(tls, endpoint);
        } catch (ConnectionLost lost) {
            throw handshakeFailed(lost);
        }
    }

    /** Drops what was said before TLS (RFC 3207 §4.2). With TLS 1.3 the server's alert about the handshake arrives here. */
    private void helloUnderTls() throws ConnectionLost {
        helo = Optional.empty();
        try {
            hello(Phase.EHLO_AFTER_TLS);
        } catch (ConnectionLost lost) {
            throw lost.getCause() instanceof SSLException ? handshakeFailed(lost) : lost;
        }
    }

    private ConnectionLost handshakeFailed(ConnectionLost lost) {
        handshake = new Handshake.Failed(lost.failure().detail(), mayResume ? Handshake.Keys.RESUMED : Handshake.Keys.AGREED_ANEW);
        return lost;
    }

    private static Optional<String> firstWord(SmtpReply reply) {
        String word = reply.lines().getFirst().strip().split(" ", 2)[0];
        return Optional.of(Sanitized.line(word, MAX_HELO)).filter(name -> !name.isEmpty());
    }
}
