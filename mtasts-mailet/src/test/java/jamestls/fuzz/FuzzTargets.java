package jamestls.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DnsId;
import jamestls.dns.DnsServers;
import jamestls.dns.DomainName;
import jamestls.dns.TlsaRecord;
import jamestls.fakeinternet.CertificateBuilder;
import jamestls.fakeinternet.CertificateBuilder.Issued;
import jamestls.mtasts.dane.DaneVerifier;
import jamestls.mtasts.dane.Tlsa;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.sts.MxPattern;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.mtasts.sts.StsRecord;
import jamestls.smtp.ReplyFuzz;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Everything that reads bytes of strangers, and each promise it makes. */
final class FuzzTargets {

    private static final int MAX_REASON = 400;
    private static final Pattern COVERING = Pattern.compile("(mail|\\*)\\.example\\.org", Pattern.CASE_INSENSITIVE);
    private static final int MAX_POLICY = 65_536;

    private FuzzTargets() {
    }

    static List<FuzzTarget> all() {
        return List.of(
            new FuzzTarget("record", FuzzCorpus.of("txt_record", "txt"), FuzzTargets::record),
            new FuzzTarget("policy", FuzzCorpus.of("policy_parse", "body"), FuzzTargets::policy),
            new FuzzTarget("mx", FuzzCorpus.hostsAndPatterns(), FuzzTargets::mx),
            new FuzzTarget("name", FuzzCorpus.of("dns_name", "name"), FuzzTargets::name),
            new FuzzTarget("reply", FuzzCorpus.of(ReplyFuzz.CORPUS), ReplyFuzz::read),
            new FuzzTarget("servers", FuzzCorpus.of(List.of("127.0.0.1:5353, [::1]:53, 9.9.9.9", "::1", "[::ffff:10.0.0.1]")),
                FuzzTargets::servers),
            tlsa());
    }

    /** Lines are records of one name. */
    private static String record(byte[] input) {
        StsRecord read = StsRecord.of(Arrays.asList(new String(input, UTF_8).split("\n")));
        return switch (read) {
            case StsRecord.Valid valid -> {
                assertThat(valid.id()).matches("[A-Za-z0-9]{1,32}");
                assertThat(StsRecord.of(List.of("v=STSv1; id=" + valid.id() + ";"))).isEqualTo(valid);
                yield "valid " + valid.id().length();
            }
            case StsRecord.None none -> "none";
            case StsRecord.Invalid invalid -> {
                assertReason(invalid.reason());
                yield invalid.reason().replaceAll("\\d+", "");
            }
        };
    }

    private static String policy(byte[] input) {
        return switch (StsPolicy.parse(input)) {
            case ParsedPolicy.Valid valid -> {
                StsPolicy policy = valid.policy();
                assertThat(policy.maxAge()).isBetween(Duration.ZERO, StsPolicy.MAX_MAX_AGE);
                // print ∘ parse = identity, unless other line ends make it too large
                for (String text : List.of(policy.text(), policy.text().replace("\n", "\r\n"))) {
                    byte[] printed = text.getBytes(UTF_8);
                    assertThat(printed.length > MAX_POLICY || StsPolicy.parse(printed).equals(valid)).isTrue();
                }
                yield policy.mode() + " " + Math.min(policy.mx().size(), 8) + " " + Math.min(policy.policyStrings().size(), 16);
            }
            case ParsedPolicy.Invalid invalid -> {
                assertReason(invalid.error().toString());
                yield invalid.error().reason();
            }
        };
    }

    /** A host, a line feed, a pattern; the answer is compared with that of a matcher which takes names apart. */
    private static String mx(byte[] input) {
        String[] lines = new String(input, UTF_8).split("\n", 2);
        Optional<DomainName> host = DomainName.parse(lines[0]);
        Optional<MxPattern> pattern = MxPattern.parse(lines.length > 1 ? lines[1] : lines[0]);
        if (host.isEmpty() || pattern.isEmpty()) {
            return host.isPresent() + " " + pattern.isPresent();
        }
        List<String> hostLabels = Arrays.asList(host.get().ascii().split("\\.", -1));
        List<String> patternLabels = Arrays.asList(pattern.get().text().split("\\.", -1));
        boolean wildcard = patternLabels.getFirst().equals("*");
        boolean expected = hostLabels.size() == patternLabels.size()
            && (wildcard || hostLabels.getFirst().equals(patternLabels.getFirst()))
            && hostLabels.subList(1, hostLabels.size()).equals(patternLabels.subList(1, patternLabels.size()));
        assertThat(pattern.get().matches(host.get())).isEqualTo(expected);
        assertThat(MxPattern.parse(pattern.get().text())).isEqualTo(pattern);
        return wildcard + " " + expected + " " + Math.min(hostLabels.size(), 8);
    }

    private static String name(byte[] input) {
        String text = new String(input, UTF_8);
        Optional<DomainName> parsed = DomainName.parse(text);
        parsed.ifPresent(name -> {
            assertThat(name.ascii()).hasSizeBetween(1, 253).matches("[a-z0-9_.-]+").doesNotEndWith(".");
            assertThat(DomainName.parse(name.ascii() + ".")).isEqualTo(parsed);
            assertThat(DomainName.parse(name.ascii().toUpperCase(Locale.ROOT))).isEqualTo(parsed);
            assertThat(DnsId.covers(name.ascii(), name)).isTrue();
        });
        // no name in a certificate covers what it is not in plain letters
        assertThat(DnsId.covers(text, DomainName.of("mail.example.org"))).isEqualTo(COVERING.matcher(text).matches());
        return parsed.map(name -> Math.min(8, name.ascii().split("\\.").length) + " " + name.ascii().contains("xn--")).orElse("none");
    }

    private static String servers(byte[] input) {
        try {
            List<InetSocketAddress> servers = DnsServers.parse(new String(input, UTF_8));
            assertThat(servers).hasSizeBetween(1, 16).allSatisfy(server -> {
                assertThat(server.isUnresolved()).isFalse();
                assertThat(server.getPort()).isBetween(1, 65_535);
            });
            return "servers " + servers.size();
        } catch (IllegalArgumentException ownError) {
            assertThat(ownError.getMessage()).containsAnyOf("is not an IP address", "at most 16 servers", "no server");
            return "none";
        }
    }

    /** Usage, selector, matching type and data, held against a chain that is in order. */
    private static FuzzTarget tlsa() {
        Issued root = CertificateBuilder.authority("Root").selfSigned();
        Issued server = CertificateBuilder.server("mx.example.org").signedBy(root);
        List<X509Certificate> chain = List.of(server.certificate(), root.certificate());
        List<byte[]> corpus = new ArrayList<>();
        for (int kind = 0; kind < 12; kind++) {
            Issued subject = kind < 6 ? root : server;
            corpus.add(wire(Tlsa.of(kind < 6 ? 2 : 3, kind % 2, kind % 3, subject.certificate())));
        }
        return new FuzzTarget("tlsa", corpus, input -> {
            byte[] padded = input.length < 3 ? Arrays.copyOf(input, 3) : input;
            TlsaRecord record = TlsaRecord.of(padded[0] & 0xff, padded[1] & 0xff, padded[2] & 0xff,
                Arrays.copyOfRange(padded, 3, padded.length));
            TlsaSet set = Tlsa.set(List.of(record), "mx.example.org");
            assertThat(set.applied().toString()).hasSizeLessThan(6_000);
            List<?> faults = DaneVerifier.faults(chain, set, Instant.now());
            return set.strength() + " " + Math.min(4, record.usage()) + Math.min(2, record.selector()) + Math.min(3, record.matchingType())
                + " " + faults;
        });
    }

    private static byte[] wire(TlsaRecord record) {
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        wire.write(record.usage());
        wire.write(record.selector());
        wire.write(record.matchingType());
        wire.writeBytes(record.data());
        return wire.toByteArray();
    }

    private static void assertReason(String reason) {
        assertThat(reason).isNotBlank().hasSizeLessThan(MAX_REASON).doesNotContainPattern("\\p{Cc}");
    }
}
