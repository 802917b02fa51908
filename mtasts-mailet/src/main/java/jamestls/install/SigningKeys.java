package jamestls.install;

import jamestls.config.JamesConf;
import jamestls.config.Variables;
import jamestls.dns.DomainName;
import jamestls.install.MailetContainer.Mailet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The keys with which James's DKIMSign mailets sign. */
public final class SigningKeys {

    private SigningKeys() {
    }

    /**
     * The TXT records that receivers of signed reports of a domain look up: value by name, in the order of the mailets. Keys that can't be
     * read from here, and other keys than RSA, are left out.
     *
     * @throws Refusal if mailetcontainer.xml is missing or is not understood
     */
    public static Map<DomainName, String> records(Path conf, DomainName domain) throws IOException, Refusal {
        JamesConf james = JamesConf.at(conf);
        Map<DomainName, String> records = new LinkedHashMap<>();
        for (Mailet signer : MailetContainer.read(conf).mailets("DKIMSign")) {
            String template = Variables.ofProcess().filledIn(ReportingSection.template(signer));
            Optional<DomainName> name = ReportingSection.tag(template, "d").filter(named -> named.equalsIgnoreCase(domain.ascii()))
                .flatMap(named -> ReportingSection.tag(template, "s")).flatMap(selector ->
                    DomainName.parse(selector + "._domainkey." + domain));
            Optional<String> value = name.isEmpty() ? Optional.empty() : key(signer, james).flatMap(DkimKey::valueForReports);
            value.ifPresent(text -> records.put(name.get(), text));
        }
        return records;
    }

    /** The private key; empty if its file is not readable. */
    static Optional<DkimKey> key(Mailet signer, JamesConf conf) throws IOException {
        if (signer.parameter("privateKey").isPresent()) {
            return signer.parameter("privateKey").map(DkimKey::new);
        }
        String location = signer.parameter("privateKeyFilepath").map(Variables.ofProcess()::filledIn).orElse("");
        Path file = location.startsWith("file:") ? conf.locate(location) : conf.directory().resolve(location);
        return Files.isRegularFile(file) && Files.isReadable(file) ? Optional.of(DkimKey.read(file)) : Optional.empty();
    }
}
