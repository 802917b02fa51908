package jamestls.fakeinternet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.dns.MxRecord;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsRequest;
import jamestls.https.HttpsResult;
import jamestls.https.HttpsSettings;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FakeInternetTest {

    private static final String POLICY = "version: STSv1\nmode: enforce\nmx: mx.good.example\nmax_age: 86400\n";

    private final FakeInternet internet = FakeInternet.start()
        .policy("good.example", POLICY)
        .mx("good.example", 10, "mx.good.example")
        .mx("good.example", 20, SmtpServer.named("old.good.example"));
    private final DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(internet.dnsAddress())));

    @AfterEach
    void stop() {
        internet.close();
    }

    @Test
    void policyShouldBeFoundByTxtAndFetchedByHttps() {
        assertThat(dns.txt(DomainName.of("_mta-sts.good.example"))).isInstanceOfSatisfying(DnsAnswer.Found.class,
            found -> assertThat(found.records()).isEqualTo(List.of("v=STSv1; id=1;")));
        assertThat(fetch("good.example")).isInstanceOfSatisfying(HttpsResult.Answer.class,
            answer -> assertThat(answer.body()).asString(StandardCharsets.UTF_8).isEqualTo(POLICY));
    }

    @Test
    void newPolicyShouldHaveANewId() {
        internet.policy("good.example", "version: STSv1\nmode: none\nmax_age: 1\n");

        assertThat(dns.txt(DomainName.of("_mta-sts.good.example"))).isInstanceOfSatisfying(DnsAnswer.Found.class,
            found -> assertThat(found.records()).isEqualTo(List.of("v=STSv1; id=2;")));
    }

    @Test
    void mailServersShouldShareOnePortOnAddressesOfTheirOwn() throws Exception {
        DnsAnswer.Found<MxRecord> mx = (DnsAnswer.Found<MxRecord>) dns.mx(DomainName.of("good.example"));

        assertThat(mx.records()).hasSize(2);
        for (MxRecord record : mx.records()) {
            DnsAnswer.Found<InetAddress> found = (DnsAnswer.Found<InetAddress>) dns.addresses(record.host().orElseThrow());
            assertThat(greeting(found.records().getFirst())).startsWith("220").contains(record.host().orElseThrow().ascii());
        }
        assertThat(internet.mailServer("mx.good.example").connections()).isEqualTo(1);
        assertThat(internet.mailServer("old.good.example").connections()).isEqualTo(1);
    }

    @Test
    void oneMailServerShouldServeSeveralDomains() {
        internet.mx("other.example", 5, "mx.good.example");

        assertThat(dns.mx(DomainName.of("other.example"))).isInstanceOfSatisfying(DnsAnswer.Found.class,
            found -> assertThat(found.records()).isEqualTo(List.of(new MxRecord(5, Optional.of(DomainName.of("mx.good.example"))))));
    }

    @Test
    void dnsShouldBeOpenToChange() {
        internet.dns(zone -> zone.cname("_mta-sts.alias.example", "_mta-sts.good.example"));

        assertThat(dns.txt(DomainName.of("_mta-sts.alias.example"))).isInstanceOf(DnsAnswer.Found.class);
    }

    @Test
    void whatIsNotThereShouldBeSaidSo() {
        assertThatThrownBy(() -> internet.mailServer("mx.bad.example")).hasMessageContaining("mx.bad.example");
        try (FakeInternet empty = FakeInternet.start()) {
            assertThatThrownBy(empty::smtpPort).hasMessageContaining("no mail server");
        }
    }

    private HttpsResult fetch(String domain) {
        HttpsSettings settings = new HttpsSettings(Optional.of(internet.ca().trustStore()), AddressGuard.anywhere());
        try (GuardedHttpsClient https = new GuardedHttpsClient(dns, settings)) {
            return https.exchange(HttpsRequest.get(
                URI.create("https://mta-sts." + domain + ":" + internet.policyPort() + PolicyHost.POLICY_PATH),
                Duration.ofSeconds(20), 65_536));
        }
    }

    private String greeting(InetAddress address) throws Exception {
        try (Socket socket = new Socket(address, internet.smtpPort())) {
            return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII)).readLine();
        }
    }
}
