package jamestls.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * The least that sending these mails takes, in a process of its own: they are in memory, no certificate is checked, and a mail takes one
 * round trip, because the commands of the next one follow the final dot of this one (RFC 2920 §3.1). On standard input it reads
 * {@code MAILS SIZE SESSIONS PORT ADDRESS...}, connects so many times to each address, answers {@code connected}, and sends as soon as it
 * is greeted.
 */
final class BareSender {

    private static final String HELLO = "EHLO mail.sender.example\r\n";

    private final SSLContext tls;

    private BareSender(SSLContext tls) {
        this.tls = tls;
    }

    /** The mails of one recipient, all alike, and how many are left. */
    private record Mails(byte[] envelope, byte[] contentAndEnvelope, byte[] content, AtomicInteger left) {

        private static Mails to(String recipient, byte[] content, int count) {
            byte[] envelope = bytes("MAIL FROM:<alice@sender.example>\r\nRCPT TO:<" + recipient + ">\r\nDATA\r\n");
            byte[] both = Arrays.copyOf(content, content.length + envelope.length);
            System.arraycopy(envelope, 0, both, content.length, envelope.length);
            return new Mails(envelope, both, content, new AtomicInteger(count));
        }

        private boolean take() {
            return left.getAndDecrement() > 0;
        }
    }

    public static void main(String[] arguments) throws IOException, GeneralSecurityException {
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, new TrustManager[] {new TrustsAll()}, null);
        BareSender sender = new BareSender(tls);
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String order = orders.readLine(); order != null; order = orders.readLine()) {
            sender.connect(order.split(" "));
            System.out.println("connected");
        }
    }

    private void connect(String[] order) throws IOException {
        int mails = Integer.parseInt(order[0]);
        byte[] content = bytes(Injection.mail(Integer.parseInt(order[1])) + ".\r\n");
        int sessions = Integer.parseInt(order[2]);
        int port = Integer.parseInt(order[3]);
        int destinations = order.length - 4;
        for (int i = 0; i < destinations; i++) {
            Mails toOne = Mails.to("bob@d" + i + ".bench.example", content, (mails - i + destinations - 1) / destinations);
            for (int session = 0; session < sessions; session++) {
                Socket socket = new Socket(order[4 + i], port);
                socket.setTcpNoDelay(true);
                Thread.ofVirtual().start(() -> send(socket, toOne));
            }
        }
    }

    private void send(Socket plain, Mails mails) {
        try (plain) {
            Session clear = new Session(plain);
            clear.expect("220");
            clear.say(bytes(HELLO), "250");
            clear.say(bytes("STARTTLS\r\n"), "220");
            SSLSocket secured = (SSLSocket) tls.getSocketFactory()
                .createSocket(plain, plain.getInetAddress().getHostAddress(), plain.getPort(), true);
            Session session = new Session(secured);
            session.say(bytes(HELLO), "250");
            for (boolean more = mails.take(), first = true; more; first = false) {
                if (first) {
                    session.say(mails.envelope(), "250", "250", "354");
                }
                more = mails.take();
                if (more) {
                    session.say(mails.contentAndEnvelope(), "250", "250", "250", "354");
                } else {
                    session.say(mails.content(), "250");
                }
            }
            session.say(bytes("QUIT\r\n"), "221");
        } catch (IOException e) {
            // the benchmark sees it by the mails that are missing at the sink
            e.printStackTrace();
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static final class Session {

        private final BufferedReader in;
        private final OutputStream out;

        private Session(Socket socket) throws IOException {
            this.in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            this.out = socket.getOutputStream();
        }

        private void say(byte[] commands, String... codes) throws IOException {
            out.write(commands);
            out.flush();
            for (String code : codes) {
                expect(code);
            }
        }

        private void expect(String code) throws IOException {
            String reply = String.valueOf(in.readLine());
            while (reply.startsWith(code + "-")) {
                reply = String.valueOf(in.readLine());
            }
            if (!reply.startsWith(code)) {
                throw new IOException("the sink said '" + reply + "' instead of " + code);
            }
        }
    }

    private record TrustsAll() implements X509TrustManager {

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {
            // there are no clients
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {
            // checking is more than the least
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
