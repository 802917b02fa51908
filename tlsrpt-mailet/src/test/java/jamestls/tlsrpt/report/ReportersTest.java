package jamestls.tlsrpt.report;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.report.Reporters.Reporter;
import jamestls.tlsrpt.store.TallyKey;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReportersTest {

    private static final Reporters REPORTERS = Reporters.parse(REPORTER, """
        tenant.example, www.tenant.example; Tenant Ltd; tls@tenant.example; noreply@tenant.example
        other.example; Other Ltd; abuse@other.example""");

    @Test
    void reportShouldHaveItsIdentityWhileThatIsConfigured() {
        assertThat(REPORTERS.of(new TallyKey(DAY, RCPT))).isEqualTo(REPORTER);
        assertThat(REPORTERS.of(new TallyKey(DAY, RCPT, Optional.of(DomainName.of("tenant.example")))))
            .isEqualTo(new Reporter("Tenant Ltd", "tls@tenant.example", "noreply@tenant.example"));
        assertThat(REPORTERS.of(new TallyKey(DAY, RCPT, Optional.of(DomainName.of("gone.example"))))).isEqualTo(REPORTER);
        assertThat(Reporters.one(REPORTER).all()).containsExactly(REPORTER);
    }

    @Test
    void identitiesShouldBeListedByContactAfterTheDefault() {
        assertThat(REPORTERS.all()).extracting(Reporter::contact)
            .isEqualTo(List.of(REPORTER.contact(), "abuse@other.example", "tls@tenant.example"));
    }

    @Test
    void eachSendingDomainShouldHaveItsSubmitter() {
        assertThat(REPORTERS.submitters()).isEqualTo(Map.of(DomainName.of("tenant.example"), DomainName.of("tenant.example"),
            DomainName.of("www.tenant.example"), DomainName.of("tenant.example"),
            DomainName.of("other.example"), DomainName.of("other.example")));
    }
}
