package jamestls.mtasts.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.Identity;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsFault;
import jamestls.https.HttpsRequest;
import jamestls.https.HttpsResult;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.sts.PolicyFetcher;
import jamestls.mtasts.sts.PolicyFetcher.FetchResult;
import jamestls.mtasts.sts.StsPolicy;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.apache.james.filesystem.api.FileSystem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The policy host over real sockets: our own client fetches, and others misbehave. */
class PolicyHostTest {

    private static final String POLICY = "version: STSv1\nmode: enforce\nmx: mx.one.example\nmax_age: 604800\n";
    private static final String OTHER = "version: STSv1\nmode: testing\nmx: mx.two.example\nmax_age: 86400\n";
    private static final String REQUEST = "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.one.example\r\n\r\n";

    private final FakeInternet internet = FakeInternet.start();
    private final List<PolicyHost> hosts = new ArrayList<>();

    @TempDir
    private Path directory;

    @BeforeEach
    void write() throws Exception {
        Files.createDirectories(directory.resolve("mta-sts"));
        policy("one.example", POLICY);
        policy("two.example", OTHER);
        pem("one", internet.ca().issue("mta-sts.one.example"));
        pem("two", internet.ca().issue("mta-sts.two.example"));
        internet.dns(zone -> zone.ttl(1).a("mta-sts.one.example", "127.0.0.1").a("mta-sts.two.example", "127.0.0.1")
            .a("mta-sts.three.example", "127.0.0.1"));
    }

    @AfterEach
    void close() {
        hosts.forEach(PolicyHost::stop);
        internet.close();
    }

    @Test
    void eachDomainShouldHaveItsOwnPolicyAndCertificate() throws Exception {
        PolicyHost host = start(usual());

        assertThat(fetch(host, "one.example")).isInstanceOfSatisfying(FetchResult.Fetched.class,
            fetched -> assertThat(fetched.policy().text()).isEqualTo(POLICY));
        assertThat(fetch(host, "two.example")).isInstanceOfSatisfying(FetchResult.Fetched.class,
            fetched -> assertThat(fetched.policy().mode()).isEqualTo(StsPolicy.Mode.TESTING));
        HttpsResult.Answer answer = (HttpsResult.Answer) get(host, "mta-sts.one.example", "/.well-known/mta-sts.txt");
        assertThat(answer.contentType()).hasValue("text/plain");
        assertThat(answer.certificate().orElseThrow().getSubjectX500Principal().getName()).isEqualTo("CN=mta-sts.one.example");
    }

    @Test
    void keystoreShouldServeSeveralDomains() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        for (String name : List.of("one", "two")) {
            Identity identity = internet.ca().issue("mta-sts." + name + ".example");
            store.setKeyEntry(name, identity.key(), "secret".toCharArray(), identity.chain().toArray(Certificate[]::new));
        }
        try (OutputStream out = Files.newOutputStream(directory.resolve("keys.p12"))) {
            store.store(out, "secret".toCharArray());
        }
        PolicyHost host = start("domains=one.example,two.example\nkeystore=file://conf/keys.p12\nkeystorePassword=secret\n");

        assertThat(fetch(host, "one.example")).isInstanceOf(FetchResult.Fetched.class);
        assertThat(fetch(host, "two.example")).isInstanceOf(FetchResult.Fetched.class);
        assertThat(refused("domains=one.example\nkeystore=file://conf/keys.p12\nkeystorePassword=wrong\n"))
            .contains("the certificates can't be read", "keys.p12").doesNotContain("wrong\n");
    }

    @Test
    void nothingButThePolicyShouldBeAnswered() throws Exception {
        PolicyHost host = start(usual());

        assertThat(status(get(host, "mta-sts.one.example", "/"))).isEqualTo(404);
        assertThat(status(get(host, "mta-sts.one.example", "/.well-known/mta-sts.txt?x"))).isEqualTo(404);
        assertThat(status(get(host, "mta-sts.one.example", "/.well-known/../.well-known/mta-sts.txt"))).isEqualTo(404);
        assertThat(say(host, "POST /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.one.example\r\nContent-Length: 4\r\n\r\nabcd"))
            .startsWith("HTTP/1.1 405 ").containsIgnoringCase("allow: GET, HEAD").doesNotContain("version:");
        assertThat(say(host, "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.three.example\r\n\r\n")).startsWith("HTTP/1.1 404 ");
        assertThat(say(host, "GET /.well-known/mta-sts.txt HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.").contains(" 404 ");
        assertThat(say(host, "\u0000\u0001 nonsense\r\n\r\n")).doesNotContain("version:");
    }

    @Test
    void headShouldHaveTheHeadersAndNoBody() throws Exception {
        PolicyHost host = start(usual());

        String answer = say(host, REQUEST.replace("GET", "HEAD"));

        assertThat(answer).startsWith("HTTP/1.1 200 ").containsIgnoringCase("content-type: text/plain")
            .containsIgnoringCase("content-length: " + POLICY.length()).endsWith("\r\n\r\n");
    }

    @Test
    void clientWithoutAKnownNameShouldGetNoCertificate() throws Exception {
        PolicyHost host = start(usual());

        assertThatThrownBy(() -> handshake(host, Optional.of("mta-sts.three.example"))).isInstanceOf(SSLException.class);
        assertThatThrownBy(() -> handshake(host, Optional.empty())).isInstanceOf(SSLException.class);
        assertThatThrownBy(() -> handshake(host, Optional.of("one.example"))).isInstanceOf(SSLException.class);
        assertThat(get(host, "mta-sts.three.example", "/.well-known/mta-sts.txt")).isInstanceOfSatisfying(HttpsResult.Failure.class,
            failure -> assertThat(failure.fault()).isEqualTo(HttpsFault.TLS));
    }

    @Test
    void newCertificateShouldBeShownAndABrokenOneShouldNot() throws Exception {
        PolicyHost host = start(usual());
        X509Certificate before = shown(host);

        Identity renewed = internet.ca().issue("mta-sts.one.example");
        pem("one", renewed);
        await().untilAsserted(() -> assertThat(shown(host)).isEqualTo(renewed.chain().getFirst()).isNotEqualTo(before));

        Files.writeString(directory.resolve("one.pem"), "half a fi");
        policy("one.example", POLICY.replace("604800", "86400"));
        await().untilAsserted(() -> assertThat(fetch(host, "one.example")).isInstanceOfSatisfying(FetchResult.Fetched.class,
            fetched -> assertThat(fetched.policy().maxAge()).isEqualTo(Duration.ofDays(1))));
        assertThat(shown(host)).isEqualTo(renewed.chain().getFirst());
    }

    @Test
    void policyThatIsNoneShouldNotReplaceTheOneBefore() throws Exception {
        PolicyHost host = start(usual());

        policy("one.example", "version: STSv1\nmode: enforced\n");
        policy("two.example", OTHER.replace("testing", "enforce"));

        await().untilAsserted(() -> assertThat(fetch(host, "two.example")).isInstanceOfSatisfying(FetchResult.Fetched.class,
            fetched -> assertThat(fetched.policy().mode()).isEqualTo(StsPolicy.Mode.ENFORCE)));
        assertThat(fetch(host, "one.example")).isInstanceOfSatisfying(FetchResult.Fetched.class,
            fetched -> assertThat(fetched.policy().text()).isEqualTo(POLICY));
    }

    @Test
    void slowClientsShouldBeCutOffAtTheLimitWhateverTheyDo() throws Exception {
        PolicyHost host = start(usual() + "timeout=4s\n");
        long begun = System.nanoTime();

        try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), host.port()); SSLSocket slow = handshake(host,
                Optional.of("mta-sts.one.example"))) {
            OutputStream out = slow.getOutputStream();
            CountDownLatch isRead = new CountDownLatch(1);
            Thread.startVirtualThread(() -> drip(out, isRead));
            assertThat(silent.getInputStream().read()).isEqualTo(-1);
            assertThat(readAll(slow)).doesNotContain("version:");
            isRead.countDown();
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(30));
    }

    @Test
    void hugeRequestsShouldBeRefused() throws Exception {
        PolicyHost host = start(usual());

        assertThat(say(host, "GET /" + "x".repeat(10_000) + " HTTP/1.1\r\nHost: mta-sts.one.example\r\n\r\n")).doesNotContain("version:")
            .contains(" 41");
        assertThat(say(host, REQUEST.replace("\r\n\r\n", "\r\nX: " + "y".repeat(10_000) + "\r\n\r\n"))).doesNotContain("version:");
    }

    @Test
    void oneClientShouldNotTakeAllConnections() throws Exception {
        PolicyHost host = start(usual() + "connections=4\nconnectionsPerAddress=3\ntimeout=60s\n");
        List<Socket> idle = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                idle.add(new Socket(InetAddress.getLoopbackAddress(), host.port()));
            }
            await().untilAsserted(() -> assertThat(fetch(host, "one.example")).isInstanceOf(FetchResult.Failed.class));
            // another address has a place, the last one
            await().ignoreExceptions().untilAsserted(() -> assertThat(sayFrom("127.0.0.77", host, REQUEST)).contains("mode: enforce"));
            idle.add(admitted("127.0.0.77", host));
            await().untilAsserted(() -> assertThatThrownBy(() -> sayFrom("127.0.0.78", host, REQUEST)).isInstanceOf(IOException.class));
        } finally {
            for (Socket each : idle) {
                each.close();
            }
        }
        await().untilAsserted(() -> assertThat(fetch(host, "one.example")).isInstanceOf(FetchResult.Fetched.class));
    }

    @Test
    void policyHostShouldBeOffWithoutItsFileAndUnlessEnabled() throws Exception {
        PolicyHost without = new PolicyHost(new ConfFiles(directory));
        hosts.add(without);
        without.start();
        assertThat(without.port()).isZero();

        assertThat(start("domains=one.example\nenabled=false\n").port()).isZero();
    }

    @Test
    void everyMistakeShouldBeNamedAtOnce() {
        assertThat(refused("domain=one.example\ntimeout=never\nport=99999\n"))
            .contains("mtasts-policy-host.properties: 5 mistakes in its parameters:",
                "parameter 'port' has the value '99999'; allowed: a whole number from 0 to 65535",
                "parameter 'timeout' has the value 'never'; allowed: a duration from 1s to 60s",
                "unknown parameter 'domain' (value 'one.example'); did you mean 'domains'?",
                "parameter 'domains' has the value ''", "parameter 'certificates' has the value ''");
        assertThat(refused("domains=one.example,three.example,-\ncertificates=file://conf/one.pem\n"))
            .contains("no domain names: '-'", "parameter 'privateKeys' has the value ''; allowed: as many files as in 'certificates'");
        assertThat(refused("domains=one.example,three.example\ncertificates=file://conf/one.pem\nprivateKeys=file://conf/two.key\n"))
            .contains("is not that of the first certificate in", "there is no file", "three.example.txt; 'records three.example --policy'");
        assertThat(refused("domains=one.example,two.example\ncertificates=file://conf/one.pem\nprivateKeys=file://conf/one.key\n"))
            .contains("no certificate is for mta-sts.two.example");
    }

    @Test
    void portThatIsTakenShouldStopJames() throws Exception {
        PolicyHost host = start(usual());

        assertThat(refused(usual().replace("port=0", "port=" + host.port()))).contains("'address' and 'port'", "can't be listened on");
    }

    private static String usual() {
        return "port=0\ndomains=one.example, two.example\ncertificates=file://conf/one.pem,file://conf/two.pem\n"
            + "privateKeys=file://conf/one.key,file://conf/two.key\n";
    }

    private PolicyHost start(String properties) throws IOException {
        String all = "enabled=true\naddress=127.0.0.1\nreloadEvery=50ms\n" + (properties.contains("port=") ? "" : "port=0\n") + properties;
        Files.writeString(directory.resolve("mtasts-policy-host.properties"), all);
        PolicyHost host = new PolicyHost(new ConfFiles(directory));
        hosts.add(host);
        host.start();
        return host;
    }

    private String refused(String properties) {
        try {
            start(properties);
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("it has started");
    }

    private void policy(String domain, String text) throws IOException {
        Files.writeString(directory.resolve("mta-sts/" + domain + ".txt"), text);
    }

    private void pem(String name, Identity identity) throws IOException {
        Files.writeString(directory.resolve(name + ".key"), identity.keyPem());
        Files.writeString(directory.resolve(name + ".pem"), identity.chainPem());
    }

    private FetchResult fetch(PolicyHost host, String domain) {
        try (GuardedHttpsClient https = client()) {
            return new PolicyFetcher(https, host.port(), Duration.ofSeconds(20)).fetch(DomainName.of(domain));
        }
    }

    private HttpsResult get(PolicyHost host, String name, String path) {
        try (GuardedHttpsClient https = client()) {
            return https.exchange(HttpsRequest.get(URI.create("https://" + name + ":" + host.port() + path), Duration.ofSeconds(20),
                65_536));
        }
    }

    private static int status(HttpsResult result) {
        return result instanceof HttpsResult.Answer answer ? answer.status() : -1;
    }

    private GuardedHttpsClient client() {
        return new GuardedHttpsClient(new DnsjavaDns(DnsSettings.of(List.of(internet.dnsAddress()))),
            new HttpsSettings(Optional.of(internet.ca().trustStore()), AddressGuard.anywhere()));
    }

    private X509Certificate shown(PolicyHost host) throws Exception {
        try (SSLSocket socket = handshake(host, Optional.of("mta-sts.one.example"))) {
            return (X509Certificate) socket.getSession().getPeerCertificates()[0];
        }
    }

    private SSLSocket handshake(PolicyHost host, Optional<String> sni) throws Exception {
        return handshake(new Socket(InetAddress.getLoopbackAddress(), host.port()), sni);
    }

    private SSLSocket handshake(Socket plain, Optional<String> sni) throws Exception {
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(internet.ca().trustStore());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, "", plain.getPort(), true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setServerNames(sni.map(name -> List.<javax.net.ssl.SNIServerName>of(new SNIHostName(name))).orElse(List.of()));
        socket.setSSLParameters(parameters);
        socket.setSoTimeout(10_000);
        socket.startHandshake();
        return socket;
    }

    /** A connection that the host has admitted. One that comes before it has noticed the end of another may be refused. */
    private SSLSocket admitted(String address, PolicyHost host) {
        return await().ignoreExceptions().until(() -> handshake(new Socket(InetAddress.getLoopbackAddress(), host.port(),
            InetAddress.getByName(address), 0), Optional.of("mta-sts.one.example")), Objects::nonNull);
    }

    private String say(PolicyHost host, String request) throws Exception {
        return sayFrom("127.0.0.1", host, request);
    }

    private String sayFrom(String address, PolicyHost host, String request) throws Exception {
        try (Socket plain = new Socket(InetAddress.getLoopbackAddress(), host.port(), InetAddress.getByName(address), 0);
             SSLSocket socket = handshake(plain, Optional.of("mta-sts.one.example"))) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return readAll(socket);
        }
    }

    private static String readAll(Socket socket) {
        StringBuilder text = new StringBuilder();
        try {
            InputStream in = socket.getInputStream();
            for (int next = in.read(); next >= 0; next = in.read()) {
                text.append((char) next);
            }
        } catch (IOException cutOff) {
            // what was said before counts
        }
        return text.toString();
    }

    /** A byte every 100 ms, until it is over. */
    private static void drip(OutputStream out, CountDownLatch over) {
        byte[] request = REQUEST.replace("\r\n\r\n", "\r\nX: " + "y".repeat(3_000)).getBytes(StandardCharsets.US_ASCII);
        try {
            for (int i = 0; i < request.length && !over.await(100, TimeUnit.MILLISECONDS); i++) {
                out.write(request[i]);
            }
        } catch (IOException | InterruptedException cutOff) {
            // nobody waits for the rest
        }
    }

    private record ConfFiles(Path directory) implements FileSystem {
        @Override
        public InputStream getResource(String url) {
            throw new AssertionError(url);
        }

        @Override
        public File getFile(String url) {
            return url.startsWith("file://conf/") ? directory.resolve(url.substring("file://conf/".length())).toFile()
                : new File(URI.create(url));
        }

        @Override
        public File getBasedir() {
            return directory.toFile();
        }
    }
}
