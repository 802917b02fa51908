package jamestls.scenario;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.SigningFault;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.SmtpServerSetup;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.james.DkimKey;
import jamestls.james.ServerEnvironment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The internet of the scenarios on loopback addresses: DNS, a policy host, each scenario's mail servers, and GreenMail
 * as the mailboxes that want TLS reports. Every mail server has an address of its own and all share one port, as they
 * share port 25 out there.
 */
public final class ScenarioInternet implements AutoCloseable {

    private static final String REPORT_MAILBOXES = "127.0.0.2";
    private static final int FIRST_MAIL_SERVER = 10;
    private static final int ROUNDS = 6;
    private static final long ROUND_MILLIS = 5_000;

    private final TestCa ca = TestCa.create("Fake Internet Authority");
    private final DnsTree tree;
    private final DnsServer dns;
    private final PolicyFiles policies;
    private final GreenMail reports;
    private final int smtpPort;
    private final Map<String, SmtpServer> mailServers = new LinkedHashMap<>();
    private final Map<String, X509Certificate> certificates = new HashMap<>();

    private ScenarioInternet(List<Scenario> scenarios, DkimKey dkim) {
        Zone zone = new Zone();
        tree = DnsTree.over(zone).signed(".", Signing.with(Signing.Algorithm.RSA))
            .signed("example", Signing.with(Signing.Algorithm.ECDSA).nsec3());
        Map<String, String> policyByHost = new LinkedHashMap<>();
        smtpPort = firstMailServer(scenarios);
        for (Scenario scenario : scenarios) {
            publish(scenario, zone, policyByHost);
        }
        zone.txt("tlsrpt._domainkey.sender.example", dkim.publicRecord());
        zone.a("mail.sender.example", "127.0.0.1");
        policies = new PolicyFiles(policyByHost, ca.issue(policyByHost.keySet().toArray(String[]::new)));
        reports = new GreenMail(new ServerSetup(smtpPort, REPORT_MAILBOXES, ServerSetup.PROTOCOL_SMTP));
        reports.start();
        dns = DnsServer.start(tree);
    }

    /** Starts everything these scenarios need; the sender's DKIM key is in DNS, too. */
    public static ScenarioInternet of(List<Scenario> scenarios, DkimKey dkim) {
        return new ScenarioInternet(scenarios, dkim);
    }

    /** What James's configuration must know of it. */
    public ServerEnvironment surroundings() {
        return new ServerEnvironment(dns.address(), smtpPort, policies.port(), ca.trustStore(), Optional.of(tree.trustAnchors()));
    }

    /** The mail server of that name. */
    public SmtpServer mailServer(String host) {
        return mailServers.get(host);
    }

    /** The text of the TXT record at that name, its strings joined. */
    public List<String> txt(String name) {
        return PublishedText.at(dns.address(), name);
    }

    /**
     * The reports, by domain, once there are so many.
     *
     * @param ask asks for them; done again while some are missing, for a session is counted a moment after its mail has
     *     arrived, and one that was not counted yet is in the next report
     */
    public List<ReceivedReport> reports(int count, Runnable ask) {
        for (int round = 0; round < ROUNDS && reports.getReceivedMessages().length < count; round++) {
            ask.run();
            reports.waitForIncomingEmail(ROUND_MILLIS, count);
        }
        return Stream.of(reports.getReceivedMessages()).map(mail -> ReceivedReport.of(mail, this))
            .sorted(Comparator.comparing(ReceivedReport::domain)).toList();
    }

    @Override
    public void close() {
        mailServers.values().forEach(SmtpServer::close);
        policies.close();
        reports.stop();
        dns.close();
    }

    private int firstMailServer(List<Scenario> scenarios) {
        return start(scenarios.getFirst().hosts().getFirst(), 0).port();
    }

    private void publish(Scenario scenario, Zone zone, Map<String, String> policyByHost) {
        String domain = scenario.domain();
        if (scenario.withDane()) {
            tree.signed(domain, Signing.with(Signing.Algorithm.ECDSA));
        } else {
            tree.unsigned(domain);
        }
        for (Host host : scenario.hosts()) {
            SmtpServer server = mailServers.containsKey(host.name()) ? mailServers.get(host.name()) : start(host, smtpPort);
            zone.mx(domain, host.preference(), host.name());
            zone.a(host.name(), server.ip().getHostAddress());
            publishKey(host, zone);
        }
        scenario.policy().ifPresent(policy -> {
            zone.txt("_mta-sts." + domain, "v=STSv1; id=20260101T000000;");
            zone.a("mta-sts." + domain, "127.0.0.1");
            policyByHost.put("mta-sts." + domain, policy.text());
        });
        zone.txt("_smtp._tls." + domain, "v=TLSRPTv1; rua=mailto:tls@reports." + domain);
        zone.mx("reports." + domain, 10, "mailboxes.reports." + domain);
        zone.a("mailboxes.reports." + domain, REPORT_MAILBOXES);
    }

    /** The port of the mail servers is in the owner's name as 25 would be (RFC 7672 §2.2.3). */
    private void publishKey(Host host, Zone zone) {
        if (host.tlsa() == Host.Tlsa.NONE) {
            return;
        }
        String owner = "_" + smtpPort + "._tcp." + host.name();
        X509Certificate shown = host.tlsa() == Host.Tlsa.OF_ANOTHER_KEY ? ca.root() : certificates.get(host.name());
        try {
            zone.tlsa(owner, 3, 1, 1, MessageDigest.getInstance("SHA-256").digest(shown.getPublicKey().getEncoded()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        if (host.tlsa() == Host.Tlsa.BOGUS) {
            tree.fault(owner, SigningFault.EXPIRED);
        }
    }

    private Identity noted(Host host, Identity identity) {
        certificates.put(host.name(), identity.chain().getFirst());
        return identity;
    }

    private SmtpServer start(Host host, int port) {
        SmtpServerSetup setup = SmtpServer.named(host.name()).on("127.0.0." + (FIRST_MAIL_SERVER + mailServers.size())).port(port);
        SmtpServer server = switch (host.kind()) {
            case IN_ORDER -> setup.identity(noted(host, ca.issue(host.name()))).start();
            case WITHOUT_STARTTLS -> setup.start();
            case SELF_SIGNED -> setup.identity(noted(host, TestCa.selfSigned(host.name()))).start();
            case WRONG_NAME -> setup.identity(ca.issue("www.attacker.example")).start();
        };
        mailServers.put(host.name(), server);
        return server;
    }
}
