package jamestls.smtp;

import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnection.ConnectionLost;
import jamestls.smtp.TlsObservation.Handshake;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/** The AUTH dialogue (RFC 4954): PLAIN (RFC 4616), or LOGIN where the server offers nothing better. */
final class Authentication {

    private static final int CONTINUE = 334;
    private static final int SUCCESS = 235;

    private final SmtpConnection connection;
    private final TlsObservation observation;

    Authentication(SmtpConnection connection, TlsObservation observation) {
        this.connection = connection;
        this.observation = observation;
    }

    /** @throws ConnectionLost when the server does not take the login, or must not be told it; the session is over then */
    void logIn(SmtpCredentials login) throws ConnectionLost {
        connection.enter(Phase.AUTH);
        boolean encrypted = observation.handshake() instanceof Handshake.Completed;
        if (!encrypted && login.clearText() == SmtpCredentials.ClearText.REFUSED) {
            throw connection.violation("the server has no TLS, and user and password are not said in clear text");
        }
        List<String> mechanisms = List.of(
            observation.capabilities().keywords().getOrDefault("AUTH", "").toUpperCase(Locale.ROOT).split(" +"));
        SmtpReply reply;
        if (mechanisms.contains("PLAIN")) {
            reply = say("AUTH PLAIN ", '\0' + login.user() + '\0' + login.password());
        } else if (mechanisms.contains("LOGIN")) {
            expectContinue(connection.exchange(Phase.AUTH, new CommandLine("AUTH LOGIN")));
            expectContinue(say("", login.user()));
            reply = say("", login.password());
        } else {
            throw connection.violation("the server does not offer AUTH PLAIN or LOGIN, and a login is configured");
        }
        if (reply.code() != SUCCESS) {
            throw connection.lost(reply);
        }
        connection.rest();
    }

    private void expectContinue(SmtpReply reply) throws ConnectionLost {
        if (reply.code() != CONTINUE) {
            throw connection.lost(reply);
        }
    }

    private SmtpReply say(String command, String secret) throws ConnectionLost {
        String encoded = Base64.getEncoder().encodeToString(secret.getBytes(StandardCharsets.UTF_8));
        return connection.exchange(Phase.AUTH, CommandLine.secret(command + encoded, command + "(not shown)"));
    }
}
