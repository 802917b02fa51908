package jamestls.smtp;

import jamestls.net.SanitizedLogger;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnection.ConnectionLost;
import jamestls.smtp.SmtpCredentials.Password;
import jamestls.smtp.SmtpCredentials.TokenFile;
import jamestls.smtp.TlsObservation.Handshake;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * The AUTH dialogue (RFC 4954). With a password it is PLAIN (RFC 4616), or LOGIN where the server offers nothing better; with a
 * token it is XOAUTH2, which Google and Microsoft have defined.
 */
final class Authentication {

    private static final SanitizedLogger LOG = SanitizedLogger.of(Authentication.class);
    private static final int CONTINUE = 334;
    private static final int SUCCESS = 235;
    /** Without CRLF: RFC 5321 §4.5.3.1.4. A longer initial response is sent after 334 (RFC 4954 §4). */
    private static final int MAX_COMMAND = 510;
    /** So many characters of a secret in a reply mean that the server repeats it. */
    private static final int RECOGNIZABLE = 12;

    private final SmtpConnection connection;
    private final TlsObservation observation;
    private final List<String> secrets = new ArrayList<>();

    Authentication(SmtpConnection connection, TlsObservation observation) {
        this.connection = connection;
        this.observation = observation;
    }

    /** @throws ConnectionLost when the server does not take the login, or must not be told it; the session is over then */
    void logIn(SmtpCredentials login) throws ConnectionLost {
        connection.enter(Phase.AUTH);
        boolean encrypted = observation.handshake() instanceof Handshake.Completed;
        if (!encrypted && login.clearText() == SmtpCredentials.ClearText.REFUSED) {
            throw connection.violation("the server has no TLS, and the login is not said in clear text");
        }
        List<String> mechanisms = List.of(
            observation.capabilities().keywords().getOrDefault("AUTH", "").toUpperCase(Locale.ROOT).split(" +"));
        SmtpReply reply = switch (login.secret()) {
            case Password password -> withPassword(mechanisms, login.user(), password.text());
            case TokenFile tokens -> withToken(mechanisms, login.user(), tokens);
        };
        if (reply.code() != SUCCESS) {
            throw refused(reply);
        }
        connection.rest();
    }

    private SmtpReply withPassword(List<String> mechanisms, String user, String password) throws ConnectionLost {
        secrets.add(password);
        if (mechanisms.contains("PLAIN")) {
            return say("AUTH PLAIN ", '\0' + user + '\0' + password);
        }
        if (mechanisms.contains("LOGIN")) {
            expectContinue(connection.exchange(Phase.AUTH, new CommandLine("AUTH LOGIN")));
            expectContinue(say("", user));
            return say("", password);
        }
        throw connection.violation("the server does not offer AUTH PLAIN or LOGIN, and a user and a password are configured");
    }

    /** As developers.google.com/gmail/imap/xoauth2-protocol has it. */
    private SmtpReply withToken(List<String> mechanisms, String user, TokenFile tokens) throws ConnectionLost {
        if (!mechanisms.contains("XOAUTH2")) {
            throw connection.violation("the server does not offer AUTH XOAUTH2, and a token is configured");
        }
        String token = token(tokens);
        secrets.add(token);
        String response = "user=" + user + "\1auth=Bearer " + token + "\1\1";
        SmtpReply reply;
        String command = "AUTH XOAUTH2 ";
        if (command.length() + encoded(response).length() <= MAX_COMMAND) {
            reply = say(command, response);
        } else {
            expectContinue(connection.exchange(Phase.AUTH, new CommandLine(command.strip())));
            reply = say("", response);
        }
        if (reply.code() == CONTINUE) {
            // not a question, but the reason for the refusal, in JSON; the refusal itself comes after an empty answer
            return connection.exchange(Phase.AUTH, new CommandLine(""));
        }
        return reply;
    }

    private String token(TokenFile tokens) throws ConnectionLost {
        try {
            return tokens.read();
        } catch (IOException e) {
            LOG.warn("cannot log in at {}: {} ({})", observation.mxHost(), e.getMessage(), tokens.file());
            throw connection.violation("there is no token to log in with: " + e.getMessage());
        }
    }

    private void expectContinue(SmtpReply reply) throws ConnectionLost {
        if (reply.code() != CONTINUE) {
            throw refused(reply);
        }
    }

    /** The reply ends the session, and people will read it: a server that repeats what it was told must not tell them. */
    private ConnectionLost refused(SmtpReply reply) {
        String text = String.join("", reply.lines());
        boolean repeated = secrets.stream().map(secret -> secret.substring(0, Math.min(RECOGNIZABLE, secret.length())))
            .anyMatch(text::contains);
        return repeated ? connection.violation(reply.code() + " (the reply repeats the login and is not shown)") : connection.lost(reply);
    }

    private SmtpReply say(String command, String secret) throws ConnectionLost {
        secrets.add(encoded(secret));
        return connection.exchange(Phase.AUTH, CommandLine.secret(command + encoded(secret), command + "(not shown)"));
    }

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
