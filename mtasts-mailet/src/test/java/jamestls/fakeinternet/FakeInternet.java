package jamestls.fakeinternet;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The internet of one test, on loopback addresses: DNS, a web server for all policies, mail servers, and the authority
 * that vouches for them. All of it runs from {@link #start} on, is honest until told otherwise, and may be changed at any
 * time. See the package's description for a scenario.
 */
public final class FakeInternet implements AutoCloseable {

    private static final int FIRST_MAIL_SERVER = 10;
    private static final int LAST_MAIL_SERVER = 250;
    private static final String POLICY_HOST_ADDRESS = "127.0.0.1";
    private static final String MAIL_NETWORK = mailNetwork(ProcessHandle.current().pid());

    private final TestCa ca = TestCa.create("Fake Internet Authority");
    private final DnsServer dns;
    private final PolicyHost policyHost = PolicyHost.start(POLICY_HOST_ADDRESS, 0);
    private final Map<String, SmtpServer> mailServers = new ConcurrentHashMap<>();
    private final AtomicInteger policyId = new AtomicInteger();
    private int smtpPort;

    private FakeInternet(DnsServer dns) {
        this.dns = dns;
    }

    /** An internet with nobody on it yet. */
    public static FakeInternet start() {
        return new FakeInternet(DnsServer.start());
    }

    /** An internet with nobody on it yet, and with the signed zones of that tree. */
    public static FakeInternet start(DnsTree tree) {
        return new FakeInternet(DnsServer.start(tree));
    }

    /**
     * Publishes a policy as it should be: TXT record, policy host, certificate, document. A second one for the same domain
     * replaces the first and gets a new id.
     */
    public FakeInternet policy(String domain, String text) {
        String host = "mta-sts." + domain;
        policyHost.serve(host, ca.issue(host), HttpAnswer.policy(text));
        dns.zone()
            .remove(host).a(host, POLICY_HOST_ADDRESS)
            .remove("_mta-sts." + domain).txt("_mta-sts." + domain, "v=STSv1; id=" + policyId.incrementAndGet() + ";");
        return this;
    }

    /** Adds an honest MX host for {@code domain}, with STARTTLS and a certificate for its name. */
    public FakeInternet mx(String domain, int preference, String host) {
        return mailServers.containsKey(host) ? dns(zone -> zone.mx(domain, preference, host))
            : mx(domain, preference, SmtpServer.named(host).identity(ca.issue(host)));
    }

    /** Adds an MX host that is as {@code setup} says, save for its address, which is given here. */
    public FakeInternet mx(String domain, int preference, SmtpServerSetup setup) {
        int number = FIRST_MAIL_SERVER + mailServers.size();
        if (number > LAST_MAIL_SERVER) {
            throw new IllegalStateException("no address left for " + setup.hostName());
        }
        SmtpServer server = setup.on(MAIL_NETWORK + number).port(smtpPort).start();
        smtpPort = server.port();
        mailServers.put(server.hostName(), server);
        dns.zone().mx(domain, preference, server.hostName()).a(server.hostName(), server.ip().getHostAddress());
        return this;
    }

    /** Adds to DNS or takes away from it. */
    public FakeInternet dns(Consumer<Zone> change) {
        change.accept(dns.zone());
        return this;
    }

    /** The authority whose certificates are trusted out there. */
    public TestCa ca() {
        return ca;
    }

    public DnsServer dns() {
        return dns;
    }

    /** For {@code dnsServers}. */
    public InetSocketAddress dnsAddress() {
        return dns.address();
    }

    /** The web server of all policy hosts. */
    public PolicyHost policyHost() {
        return policyHost;
    }

    /** For {@code policyPort}. */
    public int policyPort() {
        return policyHost.port();
    }

    /** For {@code smtpPort}: every mail server has an address of its own, and this port. At least one must be there. */
    public int smtpPort() {
        if (smtpPort == 0) {
            throw new IllegalStateException("there is no mail server yet");
        }
        return smtpPort;
    }

    /** The mail server of that name. */
    public SmtpServer mailServer(String host) {
        SmtpServer server = mailServers.get(host);
        if (server == null) {
            throw new IllegalArgumentException("there is no mail server " + host);
        }
        return server;
    }

    @Override
    public void close() {
        mailServers.values().forEach(SmtpServer::close);
        policyHost.close();
        dns.close();
    }

    /** A corner of 127/8 for each process, so that two builds on one machine do not want the same address and port. */
    private static String mailNetwork(long process) {
        return "127." + (1 + process / 250 % 250) + "." + process % 250 + ".";
    }
}
