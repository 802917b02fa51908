package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.dns.TlsaRecord.Extent;
import jamestls.fakeinternet.DnsServer;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TlsaRecordTest {

    private static final DomainName OWNER = DomainName.of("_25._tcp.mx.good.example");

    private final DnsServer server = DnsServer.start();
    private final DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(server.address())));

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void recordsShouldBeEqualByValue() {
        assertThat(TlsaRecord.of(3, 1, 1, new byte[] {1, 2})).isEqualTo(TlsaRecord.of(3, 1, 1, new byte[] {1, 2}))
            .hasSameHashCodeAs(TlsaRecord.of(3, 1, 1, new byte[] {1, 2}))
            .isNotEqualTo(TlsaRecord.of(3, 1, 1, new byte[] {1, 3}))
            .isNotEqualTo(TlsaRecord.of(2, 1, 1, new byte[] {1, 2}))
            .hasToString("3 1 1 0102");
    }

    @Test
    void dataShouldNotBeChangeableFromOutside() {
        byte[] data = {1};
        TlsaRecord record = TlsaRecord.of(3, 1, 1, data);

        data[0] = 2;
        record.data()[0] = 3;

        assertThat(record.data()).containsExactly(1);
    }

    @Test
    void fieldsShouldBeOctets() {
        assertThatThrownBy(() -> TlsaRecord.of(256, 0, 0, new byte[0])).hasMessageContaining("256 0 0");
        assertThatThrownBy(() -> TlsaRecord.of(0, -1, 0, new byte[0])).hasMessageContaining("not octets");
    }

    @Test
    void recordsShouldBeReadWhateverTheySay() {
        server.zone().tlsa(OWNER.ascii(), 3, 1, 1, new byte[32]).tlsa(OWNER.ascii(), 255, 200, 99, new byte[1])
            .tlsa(OWNER.ascii(), 2, 0, 0, new byte[20_000]);

        assertThat(dns.tlsa(OWNER)).isInstanceOfSatisfying(DnsAnswer.Found.class, found -> assertThat(found.records())
            .containsExactlyInAnyOrder(TlsaRecord.of(3, 1, 1, new byte[32]), TlsaRecord.of(255, 200, 99, new byte[1]),
                new TlsaRecord(2, 0, 0, new byte[0], Extent.TOO_LONG)));
    }

    @Test
    void recordWithoutDataShouldNotSpoilTheOthers() {
        server.zone().tlsa(OWNER.ascii(), 3, 1, 1, new byte[32]).tlsa(OWNER.ascii(), 3, 1, 1, new byte[0])
            .tlsa(OWNER.ascii(), new byte[] {3, 1}).tlsa(OWNER.ascii(), new byte[0]);

        assertThat(dns.tlsa(OWNER)).isInstanceOfSatisfying(DnsAnswer.Found.class, found -> assertThat(found.records())
            .containsExactlyInAnyOrder(TlsaRecord.of(3, 1, 1, new byte[32]), TlsaRecord.of(3, 1, 1, new byte[0]),
                new TlsaRecord(0, 0, 0, new byte[] {3, 1}, Extent.TRUNCATED), new TlsaRecord(0, 0, 0, new byte[0], Extent.TRUNCATED)));
    }

    @Test
    void stuntedRecordShouldBeWrittenAsOctets() {
        assertThat(new TlsaRecord(0, 0, 0, new byte[] {3, 1}, Extent.TRUNCATED)).as("RFC 3597 §5").hasToString("\\# 2 0301");
    }

    @Test
    void recordsShouldAllBeRead() {
        IntStream.range(0, 100).forEach(i -> server.zone().tlsa(OWNER.ascii(), 3, 1, 1, new byte[] {(byte) i}));

        assertThat(dns.tlsa(OWNER)).isInstanceOfSatisfying(DnsAnswer.Found.class, found -> assertThat(found.records()).hasSize(100));
    }
}
