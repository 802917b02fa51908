package jamestls.fakeinternet;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** One client of the fake server, from its connection to its end. */
final class SmtpServerConversation {

    private static final String BEHIND_DOT = "-- more has come behind the dot";
    /** In milliseconds, once something has come behind a dot. */
    private static final int MAX_WAIT_FOR_MORE = 200;
    private static final int MAX_WAIT_AT_FIRST_MAIL = 500;

    private final SmtpServer server;
    private Socket socket;
    private InputStream in;
    private OutputStream out;

    private Optional<ReceivedMail.Tls> tls = Optional.empty();
    private boolean loggedIn;
    private int taken;
    private String helo = "";
    private Optional<String> sender = Optional.empty();
    private List<String> mailParameters = List.of();
    private List<ReceivedMail.Recipient> recipients = new ArrayList<>();

    SmtpServerConversation(SmtpServer server, Socket socket) throws IOException {
        this.server = server;
        use(socket);
    }

    void run() throws IOException, InterruptedException {
        try {
            if (!server.serves()) {
                say("421 4.7.0 too many concurrent connections");
                return;
            }
            converse();
        } catch (Over over) {
            socket.close();
        } finally {
            server.served();
        }
    }

    private void converse() throws IOException, InterruptedException, Over {
        if (server.setup().startOfTls() == SmtpServerSetup.StartOfTls.IMPLICIT) {
            secure();
        }
        if (answer(SmtpPhase.GREETING, "220 " + server.hostName() + " ESMTP") / 100 != 2) {
            drain();
            return;
        }
        while (true) {
            String line = readLine();
            boolean several = in.available() > 0;
            switch (server.setup().pipelining()) {
                case CLOSES -> {
                    if (several) {
                        throw new Over();
                    }
                }
                case LOSES_THE_REST -> in.skipNBytes(in.available());
                default -> { }
            }
            obey(line);
            if (several && server.setup().pipelining() == SmtpServerSetup.Pipelining.CLOSES_AFTER_ONE) {
                throw new Over();
            }
        }
    }

    private void obey(String line) throws IOException, InterruptedException, Over {
        server.note("C: " + line);
        String[] words = line.split(" ");
        switch (words[0].toUpperCase(Locale.ROOT)) {
            case "EHLO", "HELO" -> hello(line);
            case "STARTTLS" -> startTls();
            case "AUTH" -> auth(words);
            case "MAIL" -> mail(line);
            case "RCPT" -> rcpt(line);
            case "DATA" -> data();
            case "RSET" -> {
                forget();
                answer(SmtpPhase.RSET, "250 2.0.0 forgotten");
            }
            case "NOOP" -> say("250 2.0.0 fine");
            case "QUIT" -> {
                answer(SmtpPhase.QUIT, "221 2.0.0 bye");
                throw new Over();
            }
            default -> say("502 5.5.1 what?");
        }
    }

    private void hello(String line) throws IOException, InterruptedException, Over {
        helo = line.length() > 5 ? line.substring(5) : "";
        forget();
        List<String> lines = new ArrayList<>(List.of(server.hostName() + " greets " + helo));
        if (line.toUpperCase(Locale.ROOT).startsWith("EHLO")) {
            lines.addAll(tls.isPresent() ? server.setup().keywordsUnderTls() : server.setup().keywords());
            server.setup().login().ifPresent(login -> lines.add(login.keyword()));
            if (tls.isEmpty() && server.tls().isPresent()) {
                lines.add("STARTTLS");
            }
        }
        StringBuilder reply = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            reply.append(i == 0 ? "" : "\r\n").append(i < lines.size() - 1 ? "250-" : "250 ").append(lines.get(i));
        }
        answer(tls.isPresent() ? SmtpPhase.EHLO_AFTER_TLS : SmtpPhase.EHLO, reply.toString());
    }

    private void startTls() throws IOException, InterruptedException, Over {
        if (answer(SmtpPhase.STARTTLS, server.tls().isPresent() && tls.isEmpty() ? "220 2.0.0 go" : "503 5.5.1 no TLS here") != 220) {
            return;
        }
        Optional<SmtpAct> act = server.actAt(SmtpPhase.HANDSHAKE);
        if (act.isPresent()) {
            // not before the client has begun: what came earlier would be words in clear, and those are STARTTLS's
            server.note("C: (TLS record of type " + in.read() + ")");
            perform(act.get());
            drain();
            return;
        }
        secure();
        helo = "";
        forget();
    }

    private void secure() throws IOException {
        SSLSocket secured = (SSLSocket) server.tls().orElseThrow().getSocketFactory().createSocket(socket, null, true);
        SSLParameters parameters = secured.getSSLParameters();
        parameters.setProtocols(server.setup().protocols());
        parameters.setNeedClientAuth(server.setup().clientCertificate() == SmtpServerSetup.ClientCertificate.REQUIRED);
        secured.setSSLParameters(parameters);
        secured.startHandshake();
        ExtendedSSLSession session = (ExtendedSSLSession) secured.getSession();
        Optional<String> sni = session.getRequestedServerNames().stream()
            .map(name -> new SNIHostName(name.getEncoded()).getAsciiName()).findFirst();
        tls = Optional.of(new ReceivedMail.Tls(session.getProtocol(), session.getCipherSuite(), sni));
        server.note("-- " + session.getProtocol());
        use(secured);
    }

    private void auth(String[] words) throws IOException, InterruptedException, Over {
        Optional<FakeLogin> known = server.setup().login().filter(login -> words.length > 1 && login.mechanisms().contains(words[1]));
        if (known.isEmpty()) {
            say("504 5.5.4 not that way");
            return;
        }
        if (words[1].equals("PLAIN")) {
            loggedIn = words.length > 2 && known.get().isPlain(words[2]);
        } else if (words[1].equals("XOAUTH2")) {
            xoauth2(known.get(), words);
        } else {
            say("334 " + FakeLogin.base64("Username:"));
            String user = readLine();
            say("334 " + FakeLogin.base64("Password:"));
            loggedIn = known.get().isLogin(user, readLine());
        }
        say(loggedIn ? "235 2.7.0 welcome" : "535 5.7.8 who are you?");
    }

    private void xoauth2(FakeLogin known, String[] words) throws IOException, InterruptedException, Over {
        if (words.length < 3) {
            say("334 ");
        }
        String response = words.length < 3 ? readLine() : words[2];
        loggedIn = known.isXoauth2(response);
        if (!loggedIn) {
            // as Google and Microsoft do: the reason as a challenge, and the refusal after an empty line
            say("334 " + FakeLogin.base64("{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"https://mail.example/\"}"));
            server.note("C: '" + readLine() + "' to the challenge");
        }
    }

    private void mail(String line) throws IOException, InterruptedException, Over {
        boolean inOrder = !helo.isEmpty() && sender.isEmpty();
        String honest = server.setup().login().isPresent() && !loggedIn ? "530 5.7.0 log in first"
            : inOrder ? "250 2.1.0 ok" : "503 5.5.1 not now";
        if (answer(SmtpPhase.MAIL, honest) / 100 == 2) {
            sender = Optional.of(path(line));
            mailParameters = parameters(line);
        }
    }

    private void rcpt(String line) throws IOException, InterruptedException, Over {
        String recipient = path(line);
        SmtpAct act = server.actFor(recipient)
            .orElseGet(() -> SmtpAct.say(sender.isPresent() ? "250 2.1.5 ok" : "503 5.5.1 from whom?"));
        if (perform(act) / 100 == 2) {
            recipients.add(new ReceivedMail.Recipient(recipient, parameters(line)));
        }
    }

    private void data() throws IOException, InterruptedException, Over {
        if (answer(SmtpPhase.DATA, recipients.isEmpty() ? "554 5.5.1 to whom?" : "354 go on") != 354) {
            return;
        }
        Optional<SmtpAct> act = server.actAt(SmtpPhase.BODY);
        if (act.isPresent()) {
            stallOrPerform(act.get());
            drain();
            return;
        }
        byte[] content = readBody();
        server.note("C: (" + content.length + " bytes)");
        take(content);
    }

    private void take(byte[] content) throws IOException, InterruptedException, Over {
        ReceivedMail mail = new ReceivedMail(helo, sender.orElse(""), mailParameters, List.copyOf(recipients), content, tls);
        forget();
        if (isAnyBehindTheDotAwaited()) {
            awaitWhatIsBehindTheDot();
        }
        Optional<SmtpAct> last = server.actAt(SmtpPhase.FINAL_REPLY);
        // taken is what it says it has taken
        if (last.isEmpty() || codeOf(last.get()) / 100 == 2) {
            server.took(mail);
        }
        perform(last.orElseGet(() -> SmtpAct.say("250 2.0.0 taken")));
    }

    private boolean isAnyBehindTheDotAwaited() {
        return switch (server.setup().behindDot()) {
            case READ_LATER -> false;
            case AWAITED_FROM_THE_FIRST -> true;
            default -> taken++ > 0;
        };
    }

    private void awaitWhatIsBehindTheDot() throws IOException, Over {
        in.mark(1);
        int wait = (int) server.setup().behindDotWait().toMillis();
        int longest = server.transcript().contains(BEHIND_DOT) ? MAX_WAIT_FOR_MORE
            : server.mails().isEmpty() ? MAX_WAIT_AT_FIRST_MAIL : wait;
        socket.setSoTimeout(Math.min(wait, longest));
        try {
            if (in.read() < 0) {
                throw new EOFException("the client hung up");
            }
            in.reset();
        } catch (SocketTimeoutException nothing) {
            return;
        } finally {
            socket.setSoTimeout(0);
        }
        server.note(BEHIND_DOT);
        switch (server.setup().behindDot()) {
            case CLOSES -> throw new Over();
            case LOST -> in.skipNBytes(in.available());
            default -> { }
        }
    }

    private byte[] readBody() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (byte[] line = readRawLine(); !(line.length == 3 && line[0] == '.' && line[1] == '\r'); line = readRawLine()) {
            int stuffed = line[0] == '.' ? 1 : 0;
            body.write(line, stuffed, line.length - stuffed);
        }
        return body.toByteArray();
    }

    private void forget() {
        sender = Optional.empty();
        mailParameters = List.of();
        recipients = new ArrayList<>();
    }

    /** Says what it was told to at that phase, or else that. Gives the code of what it said. */
    private int answer(SmtpPhase phase, String honest) throws IOException, InterruptedException, Over {
        return perform(server.actAt(phase).orElseGet(() -> SmtpAct.say(honest)));
    }

    private void stallOrPerform(SmtpAct act) throws IOException, InterruptedException, Over {
        if (act.then() == SmtpAct.Then.STALL && act.segments().isEmpty()) {
            // not even reading: the client's writes get stuck
            server.awaitRelease();
        } else {
            perform(act);
        }
    }

    private int perform(SmtpAct act) throws IOException, InterruptedException, Over {
        server.pause(server.latency());
        do {
            sayAll(act);
        } while (act.then() == SmtpAct.Then.REPEAT);
        switch (act.then()) {
            case CLOSE -> throw new Over();
            case STALL -> drain();
            default -> {
                return codeOf(act);
            }
        }
        return 0;
    }

    private void sayAll(SmtpAct act) throws IOException, InterruptedException {
        if (act.then() != SmtpAct.Then.REPEAT && !act.segments().isEmpty()) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            act.segments().forEach(all::writeBytes);
            all.toString(StandardCharsets.UTF_8).lines().forEach(line -> server.note("S: " + line));
        }
        boolean first = true;
        for (byte[] segment : act.segments()) {
            if (!first) {
                server.pause(act.gap());
            }
            first = false;
            out.write(segment);
            out.flush();
        }
    }

    private void say(String line) throws IOException, InterruptedException, Over {
        perform(SmtpAct.say(line));
    }

    /** The code of the words, of their first three bytes; 0 if there is none. */
    private static int codeOf(SmtpAct act) {
        ByteArrayOutputStream start = new ByteArrayOutputStream();
        act.segments().forEach(start::writeBytes);
        String text = start.toString(StandardCharsets.ISO_8859_1);
        return text.matches("(?s)[2-5][0-9][0-9].*") ? Integer.parseInt(text.substring(0, 3)) : 0;
    }

    /** Listens without a word until the client hangs up. */
    private void drain() throws IOException, Over {
        byte[] ignored = new byte[4_096];
        int count = 0;
        while (count >= 0) {
            count = in.read(ignored);
        }
        throw new Over();
    }

    private void use(Socket next) throws IOException {
        socket = next;
        in = new BufferedInputStream(next.getInputStream());
        out = next.getOutputStream();
    }

    private String readLine() throws IOException {
        return new String(readRawLine(), StandardCharsets.UTF_8).stripTrailing();
    }

    /** With its line end, which is CRLF: a bare CR or LF is part of the line. */
    private byte[] readRawLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int last = -1;
        while (true) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException("the client hung up");
            }
            line.write(b);
            if (b == '\n' && last == '\r') {
                return line.toByteArray();
            }
            last = b;
        }
    }

    private static String path(String line) {
        int from = line.indexOf('<');
        int to = line.lastIndexOf('>');
        return from >= 0 && to > from ? line.substring(from + 1, to) : "";
    }

    private static List<String> parameters(String line) {
        String rest = line.substring(line.lastIndexOf('>') + 1).strip();
        return rest.isEmpty() ? List.of() : List.of(rest.split(" +"));
    }

    /** The conversation has come to its end. */
    private static final class Over extends Exception {
    }
}
