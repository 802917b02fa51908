package jamestls.mtasts.check;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.fakeinternet.FakeInternet;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.mx.AddressOrder.Families;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.sts.StsSettings;
import jamestls.smtp.SmtpSettings;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A fake internet, and strict senders that look at it. */
final class CheckedInternet implements AutoCloseable {

    private final FakeInternet internet = FakeInternet.start();
    private final Clock clock;
    private final DnsjavaDns dns;
    private final GuardedHttpsClient https;

    CheckedInternet(Clock clock) {
        this.clock = clock;
        this.dns = new DnsjavaDns(DnsSettings.of(List.of(internet.dnsAddress())), clock);
        this.https = new GuardedHttpsClient(dns, new HttpsSettings(Optional.of(internet.ca().trustStore()), AddressGuard.anywhere()));
        internet.dns(zone -> zone.ttl(0).negativeTtl(0));
    }

    FakeInternet internet() {
        return internet;
    }

    /** @param limit of one look */
    StrictSender sender(Duration limit) {
        try {
            return new StrictSender(new StrictSender.Network(dns, https, CertificateCheck.trusting(internet.ca().trustStore()),
                AddressGuard.anywhere()), new StrictSender.Settings(SmtpSettings.defaults("checker.example"), Families.BOTH,
                internet.smtpPort(), new StsSettings(Optional.empty(), Duration.ofDays(30), internet.policyPort(), Duration.ofSeconds(10))),
                clock, limit);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        https.close();
        internet.close();
    }
}
