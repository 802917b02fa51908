package jamestls.fakeinternet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What a fake mail server is from its start on; every method gives back the same setup. */
public final class SmtpServerSetup {

    private final String hostName;
    private InetAddress address = InetAddress.getLoopbackAddress();
    private int port;
    private Optional<Identity> identity = Optional.empty();
    private List<String> keywords = List.of("PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES");
    private Optional<List<String>> keywordsUnderTls = Optional.empty();
    private String[] protocols = {"TLSv1.3", "TLSv1.2"};
    private ClientCertificate clientCertificate = ClientCertificate.NOT_ASKED_FOR;

    enum ClientCertificate { NOT_ASKED_FOR, REQUIRED }

    private Optional<FakeLogin> login = Optional.empty();
    private StartOfTls startOfTls = StartOfTls.STARTTLS;

    enum StartOfTls { STARTTLS, IMPLICIT }

    private Pipelining pipelining = Pipelining.MASTERED;

    /** What becomes of several commands in one piece (RFC 2920). */
    public enum Pipelining {
        MASTERED,
        /** The connection is closed without an answer. */
        CLOSES,
        /** The first one is answered, and the connection is closed. */
        CLOSES_AFTER_ONE,
        /** The first one is answered, and what was read with it is lost. */
        LOSES_THE_REST
    }

    private BehindDot behindDot = BehindDot.READ_LATER;
    private Duration behindDotWait = Duration.ZERO;

    /** What becomes of commands that come behind the final dot of a mail, before the reply to it. */
    public enum BehindDot {
        /** They are read after the reply. */
        READ_LATER,
        /** The reply waits for them, except that to the first mail of a connection; the transcript says so when they come. */
        AWAITED,
        /** The same, also for the first mail of a connection; for the first mail of the server half a second at most. */
        AWAITED_FROM_THE_FIRST,
        /** The connection is closed when they come, without a reply. */
        CLOSES,
        /** They are read before the reply, and lost. */
        LOST
    }

    SmtpServerSetup(String hostName) {
        this.hostName = hostName;
    }

    /** Listens there instead of on 127.0.0.1, for example on 127.0.0.7. */
    public SmtpServerSetup on(String ip) {
        try {
            address = InetAddress.getByName(ip);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Listens on that port instead of any that is free. */
    public SmtpServerSetup port(int fixed) {
        port = fixed;
        return this;
    }

    /** Has that key and chain, and so offers STARTTLS. */
    public SmtpServerSetup identity(Identity shown) {
        identity = Optional.of(shown);
        return this;
    }

    /** Lists these in EHLO replies (and STARTTLS by itself) instead of PIPELINING, SIZE, 8BITMIME and ENHANCEDSTATUSCODES. */
    public SmtpServerSetup keywords(String... lines) {
        keywords = List.of(lines);
        return this;
    }

    /** Lists these under TLS instead. */
    public SmtpServerSetup keywordsUnderTls(String... lines) {
        keywordsUnderTls = Optional.of(List.of(lines));
        return this;
    }

    /** Speaks only these, as JSSE names them. */
    public SmtpServerSetup protocols(String... names) {
        protocols = names.clone();
        return this;
    }

    /** Insists on a certificate of the client; with TLS 1.3 its complaint comes after the handshake. */
    public SmtpServerSetup requireClientCertificate() {
        clientCertificate = ClientCertificate.REQUIRED;
        return this;
    }

    /** Takes mail only from who logs in so, by one of these mechanisms: PLAIN, LOGIN, XOAUTH2 (the password is the token then). */
    public SmtpServerSetup login(String user, String password, String... mechanisms) {
        login = Optional.of(new FakeLogin(user, password, List.of(mechanisms)));
        return this;
    }

    /** Speaks TLS from the first byte, as on port 465. */
    public SmtpServerSetup tlsAtOnce() {
        startOfTls = StartOfTls.IMPLICIT;
        return this;
    }

    /** Does that with several commands in one piece. */
    public SmtpServerSetup pipelining(Pipelining way) {
        pipelining = way;
        return this;
    }

    /**
     * Does that with commands behind the final dot of the second and later mails of a connection.
     *
     * @param wait how long the reply waits for them; a fifth of a second at most once some have come
     */
    public SmtpServerSetup behindDot(BehindDot way, Duration wait) {
        behindDot = way;
        behindDotWait = wait;
        return this;
    }

    /** Listens from now on. */
    public SmtpServer start() {
        try {
            return new SmtpServer(this);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot listen on " + address + " port " + port, e);
        }
    }

    Pipelining pipelining() {
        return pipelining;
    }

    BehindDot behindDot() {
        return behindDot;
    }

    Duration behindDotWait() {
        return behindDotWait;
    }

    Optional<FakeLogin> login() {
        return login;
    }

    StartOfTls startOfTls() {
        return startOfTls;
    }

    String hostName() {
        return hostName;
    }

    InetAddress address() {
        return address;
    }

    int port() {
        return port;
    }

    Optional<Identity> identity() {
        return identity;
    }

    List<String> keywords() {
        return keywords;
    }

    List<String> keywordsUnderTls() {
        return keywordsUnderTls.orElse(keywords);
    }

    String[] protocols() {
        return protocols.clone();
    }

    ClientCertificate clientCertificate() {
        return clientCertificate;
    }
}
