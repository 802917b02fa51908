package jamestls.install;

import jamestls.config.ConfigurationException;
import jamestls.config.JamesConf;
import jamestls.config.Parameters;
import jamestls.config.Variables;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DnsServers;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DnssecState;
import jamestls.dns.DnssecState.Standing;
import jamestls.dns.DomainName;
import jamestls.install.MailetContainer.Mailet;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The doctor's checks that query DNS: DNSSEC of the resolvers, the DKIM key of the reports, the name in EHLO. */
final class OnlineChecks {

    private final MailetContainer container;
    private final JamesConf conf;
    private final String servers;
    private final List<Finding> findings = new ArrayList<>();

    /** @param servers resolvers to query; null for those of the configuration */
    OnlineChecks(MailetContainer container, JamesConf conf, String servers) {
        this.container = container;
        this.conf = conf;
        this.servers = servers;
    }

    List<Finding> findings() throws IOException, Refusal {
        List<InetSocketAddress> resolvers = resolvers();
        if (resolvers.isEmpty()) {
            throw new Refusal("this system has no resolver configured", "name one with --dns");
        }
        DnsjavaDns dns = new DnsjavaDns(settings(resolvers), Clock.systemUTC()).start();
        for (Mailet signer : container.mailets("DKIMSign")) {
            key(dns, signer);
        }
        for (Mailet delivery : container.deliveries()) {
            heloName(dns, delivery);
        }
        dnssec(dns);
        return findings;
    }

    private List<InetSocketAddress> resolvers() throws Refusal {
        try {
            Optional<String> named = Optional.ofNullable(servers).or(() -> delivery("dnsServers"));
            if (named.isPresent()) {
                return DnsServers.parse(named.get());
            }
            List<String> ofJames = conf.dnsServers();
            return ofJames.isEmpty() ? DnsServers.ofSystem() : DnsServers.parse(String.join(",", ofJames));
        } catch (IllegalArgumentException | ConfigurationException e) {
            throw new Refusal("the resolvers can't be determined: " + e.getMessage(), "name them with --dns");
        }
    }

    /** DNSSEC mode and trust anchors are those of SecureRemoteDelivery. */
    private DnsSettings settings(List<InetSocketAddress> resolvers) throws Refusal {
        Map<String, String> written = new HashMap<>();
        List.of("dnssec", "trustAnchors").forEach(name -> delivery(name).ifPresent(value -> written.put(name, value)));
        Parameters parameters = new Parameters("SecureRemoteDelivery", written, Parameters.ForeignNames.NONE, conf::locate);
        DnsSettings settings = DnsSettings.of(parameters, resolvers);
        try {
            parameters.check();
            return settings;
        } catch (ConfigurationException e) {
            throw new Refusal("DNSSEC can't be checked: " + e.getMessage(), "correct 'dnssec' of SecureRemoteDelivery, or --dns");
        }
    }

    private Optional<String> delivery(String parameter) {
        return container.deliveries().stream().flatMap(each -> each.parameter(parameter).stream()).findFirst()
            .map(Variables.ofProcess()::filledIn);
    }

    private void dnssec(DnsjavaDns dns) {
        // any look-up waits for the first probe of the resolvers
        dns.txt(DomainName.parse("example.org").orElseThrow());
        DnssecState state = dns.dnssec();
        if (state.standing() == Standing.UNAVAILABLE || state.standing() == Standing.UNKNOWN) {
            findings.add(Finding.problem("the resolvers do not support DNSSEC, so DANE is off: " + state.detail(),
                "use resolvers that support DNSSEC, such as Unbound on this machine"));
        }
    }

    private void key(DnsjavaDns dns, Mailet signer) throws IOException {
        String template = Variables.ofProcess().filledIn(ReportingSection.template(signer));
        Optional<DomainName> name = ReportingSection.tag(template, "s")
            .flatMap(selector -> ReportingSection.tag(template, "d").map(domain -> selector + "._domainkey." + domain))
            .flatMap(DomainName::parse);
        if (name.isEmpty()) {
            return;
        }
        Optional<DkimKey> key = SigningKeys.key(signer, conf);
        switch (dns.txt(name.get())) {
            case DnsAnswer.Found<String> found -> record(signer, name.get(), found.records(), key.flatMap(DkimKey::publicKey));
            case DnsAnswer.Absent<String> absent -> problem(signer, "there is no key at " + name.get().ascii()
                + ", so signatures do not verify",
                "publish " + key.flatMap(each -> each.record(tag(template, "s"), tag(template, "d")))
                    .orElse("its public key there"));
            case DnsAnswer.Bogus<String> bogus -> problem(signer, name.get().ascii() + " fails DNSSEC: " + bogus.reason(),
                "correct the zone");
            case DnsAnswer.Failed<String> failed -> findings.add(Finding.advice(container.file().path(), container.line(signer.element()),
                "DNS look-up failed: " + DnsAnswer.withQuestion("TXT of " + name.get(), failed.reason()), "try again"));
        }
    }

    private static String tag(String template, String name) {
        return ReportingSection.tag(template, name).orElse("");
    }

    private void record(Mailet signer, DomainName name, List<String> texts, Optional<String> publicKey) {
        String text = texts.getFirst();
        String published = ReportingSection.tag(text, "p").orElse("").replaceAll("\\s", "");
        if (publicKey.isPresent() && !publicKey.get().equals(published)) {
            problem(signer, name.ascii() + " does not have the public key of the key that signs",
                "publish it, or sign with the published key");
        }
        Optional<String> services = ReportingSection.tag(text, "s");
        if (services.isEmpty()) {
            return;
        }
        List<String> named = Arrays.stream(services.get().toLowerCase(Locale.ROOT).split(":")).map(String::strip).toList();
        if (!named.contains("*") && !named.contains("tlsrpt")) {
            problem(signer, name.ascii() + " has s=" + services.get() + ", which excludes reports", "remove s= from the record");
        } else if (!named.contains("*") && !named.contains("email")) {
            problem(signer, name.ascii() + " has s=" + services.get() + ", which many verifiers refuse for any mail",
                "remove s= from the record");
        }
    }

    private void heloName(DnsjavaDns dns, Mailet delivery) {
        Optional<DomainName> name = delivery.parameter("heloName").map(Variables.ofProcess()::filledIn).flatMap(DomainName::parse);
        if (name.isPresent() && dns.addresses(name.get()) instanceof DnsAnswer.Absent<InetAddress>) {
            problem(delivery, "EHLO uses " + name.get().ascii() + ", which has no address in DNS; many servers refuse that",
                "publish an address for it, or set heloName to the name of this server");
        }
    }

    private void problem(Mailet mailet, String text, String remedy) {
        findings.add(Finding.problem(container.file().path(), container.line(mailet.element()), text, remedy));
    }
}
