package jamestls.tlsrpt.cli;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.dkim.PrivateKeys;
import jamestls.tlsrpt.dkim.Signer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The keys that James signs report mails with: template and key of each DKIMSign in the processor they go through. */
final class SigningKeys {

    private final Map<DomainName, Signer> signers;

    private SigningKeys(Map<DomainName, Signer> signers) {
        this.signers = Map.copyOf(signers);
    }

    /** @throws IOException when a key can't be read; the message says which and what to do */
    static SigningKeys of(JamesConf conf) throws IOException {
        String processor = conf.parameter("processor").orElse("tlsreport").toLowerCase(Locale.ROOT);
        List<ConfiguredMailet> signing = conf.mailets().stream()
            .filter(mailet -> mailet.processor().equals(processor) && mailet.is("DKIMSign")).toList();
        Map<DomainName, Signer> signers = new HashMap<>();
        for (ConfiguredMailet mailet : signing) {
            try {
                Signer signer = new Signer(mailet.parameter("signatureTemplate").orElse(""), PrivateKeys.ofPem(pem(conf, mailet)));
                DomainName.parse(signer.domain()).ifPresent(domain -> signers.put(domain, signer));
            } catch (IllegalArgumentException e) {
                throw new IOException("DKIMSign in the processor '" + processor + "': " + e.getMessage(), e);
            }
        }
        return new SigningKeys(signers);
    }

    /** Whether reports of that domain can be signed. */
    boolean has(DomainName domain) {
        return signers.containsKey(domain);
    }

    /** @throws IllegalStateException when there is none */
    Signer of(DomainName domain) {
        return Optional.ofNullable(signers.get(domain)).orElseThrow(() -> new IllegalStateException("no DKIM key for " + domain));
    }

    private static String pem(JamesConf conf, ConfiguredMailet mailet) throws IOException {
        Optional<String> inline = mailet.parameter("privateKey");
        if (inline.isPresent()) {
            return inline.get();
        }
        Path file = conf.located(mailet.parameter("privateKeyFilepath").orElse("dkim-private.pem"));
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IOException("the DKIM key " + file + " can't be read", e);
        }
    }
}
