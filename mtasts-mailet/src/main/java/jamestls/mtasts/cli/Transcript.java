package jamestls.mtasts.cli;

import jamestls.cli.Json;
import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import jamestls.smtp.SessionListener;
import jamestls.smtp.SmtpReply;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** Records the sessions of a dry run: commands and replies with their times, without contents of mails or credentials. */
public final class Transcript implements SessionListener.Factory {

    private static final int MAX_SESSIONS = 200;
    private static final int MAX_LINES = 500;
    private static final int MAX_LINE = 1_000;

    private final List<Session> sessions = new CopyOnWriteArrayList<>();

    @Override
    public SessionListener to(DomainName host, InetSocketAddress address) {
        Session session = new Session(host, address);
        if (sessions.size() < MAX_SESSIONS) {
            sessions.add(session);
        }
        return session;
    }

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (Session session : sessions) {
            lines.add("  transcript of " + session.host + " [" + session.address.getAddress().getHostAddress() + "] port "
                + session.address.getPort());
            session.lines.forEach(line -> lines.add(String.format("    %6d ms  %s", line.millis, line.shown())));
        }
        return lines;
    }

    /** The transcript as JSON; docs/command-line.md describes the members. */
    public List<Map<String, Object>> json() {
        return sessions.stream().map(Session::json).toList();
    }

    private enum Speaker { CLIENT, SERVER, EVENT }

    private record Line(long millis, Speaker speaker, String text) {

        private String shown() {
            return switch (speaker) {
                case CLIENT -> "C: " + text;
                case SERVER -> "S: " + text;
                case EVENT -> "-- " + text;
            };
        }
    }

    private static final class Session implements SessionListener {

        private final DomainName host;
        private final InetSocketAddress address;
        private final long begun = System.nanoTime();
        private final List<Line> lines = new CopyOnWriteArrayList<>();

        private Session(DomainName host, InetSocketAddress address) {
            this.host = host;
            this.address = address;
        }

        private Map<String, Object> json() {
            return Json.object("host", host.ascii(), "ip", address.getAddress().getHostAddress(), "port", address.getPort(), "lines",
                lines.stream().map(line -> Json.object("ms", line.millis, "from", RecordingDns.word(line.speaker), "text", line.text))
                    .toList());
        }

        @Override
        public void sent(String command) {
            add(Speaker.CLIENT, command);
        }

        @Override
        public void received(SmtpReply reply) {
            for (int i = 0; i < reply.lines().size(); i++) {
                add(Speaker.SERVER, reply.code() + (i < reply.lines().size() - 1 ? "-" : " ") + reply.lines().get(i));
            }
        }

        @Override
        public void happened(String what) {
            add(Speaker.EVENT, what);
        }

        private void add(Speaker speaker, String text) {
            if (lines.size() < MAX_LINES) {
                lines.add(new Line((System.nanoTime() - begun) / 1_000_000, speaker, Sanitized.line(text, MAX_LINE)));
            }
        }
    }
}
