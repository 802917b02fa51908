package jamestls.dns;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.Compression;
import org.xbill.DNS.DNSInput;
import org.xbill.DNS.DNSOutput;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Tokenizer;
import org.xbill.DNS.Type;

/**
 * Turns wire records into ours. How many there are is bounded by the size of a message (64 KiB), and by whoever uses them, after it has
 * left out what it can't use; only of MX records the most preferred ones are kept. A TXT record that is too long is cut to one byte more
 * than {@link #MAX_TXT_BYTES}, so that whoever reads it sees that it is: it is malformed, and no failure of DNS.
 */
final class RecordParser {

    private static final int MAX_MX = 100;
    private static final int MAX_TXT_BYTES = 16_384;

    private RecordParser() {
    }

    /** The parsed records, or why they are unusable. */
    sealed interface Reading<T> {

        record Read<T>(List<T> records) implements Reading<T> {
        }

        record Unusable<T>(String reason) implements Reading<T> {
        }
    }

    static Reading<MxRecord> mx(List<Record> records) {
        Set<Name> targets = new HashSet<>();
        List<MxRecord> read = records.stream().map(MXRecord.class::cast)
            .sorted(Comparator.comparingInt(MXRecord::getPriority)).filter(record -> targets.add(record.getTarget()))
            .map(record -> record.getTarget().equals(Name.root) ? new MxRecord(record.getPriority(), Optional.empty())
                : new MxRecord(record.getPriority(), domainName(record.getTarget()), record.getTarget().toString(true))).toList();
        // one malformed record must not spoil the good ones; beside a malformed one the root is no null MX (RFC 7505 §3: it stands alone)
        List<MxRecord> malformed = read.stream().filter(MxRecord::isMalformed).toList();
        boolean named = read.stream().anyMatch(mx -> mx.host().isPresent());
        List<MxRecord> kept = malformed.isEmpty() ? read : named ? read.stream().filter(mx -> !mx.isMalformed()).toList() : malformed;
        return new Reading.Read<>(kept.stream().limit(MAX_MX).toList());
    }

    static Reading<InetAddress> addresses(List<Record> records) {
        return new Reading.Read<>(records.stream().map(RecordParser::address).toList());
    }

    static Reading<String> txt(List<Record> records) {
        List<String> read = new ArrayList<>();
        for (Record record : records) {
            ByteArrayOutputStream joined = new ByteArrayOutputStream();
            for (Object string : ((TXTRecord) record).getStringsAsByteArrays()) {
                joined.writeBytes((byte[]) string);
            }
            String text = joined.toString(StandardCharsets.ISO_8859_1);
            read.add(text.substring(0, Math.min(text.length(), MAX_TXT_BYTES + 1)));
        }
        return new Reading.Read<>(read);
    }

    static Reading<TlsaRecord> tlsa(List<Record> records) {
        return new Reading.Read<>(records.stream().map(RawTlsa.class::cast).map(record -> TlsaRecord.of(record.octets())).toList());
    }

    static Reading<DomainName> cname(List<Record> records) {
        Name target = ((CNAMERecord) records.getFirst()).getTarget();
        return domainName(target).<Reading<DomainName>>map(name -> new Reading.Read<>(List.of(name)))
            .orElseGet(() -> new Reading.Unusable<>("CNAME to '" + target + "', which is not a host name"));
    }

    /** The name as {@link DomainName}, if it is one; the presentation format escapes other characters, so they do not parse. */
    static Optional<DomainName> domainName(Name name) {
        return DomainName.parse(name.toString(true));
    }

    private static InetAddress address(Record record) {
        return record instanceof AAAARecord v6 ? v6.getAddress() : ((ARecord) record).getAddress();
    }

    /**
     * A TLSA record as received. dnsjava's own class refuses a record without association data together with the whole message, so that
     * one such record would make its host unreachable; it must only be unusable (RFC 6698 §4.1). Signatures are checked over these
     * octets.
     */
    static final class RawTlsa extends Record {

        private static final long serialVersionUID = 1L;

        private byte[] octets = new byte[0];

        /** Makes dnsjava use this class for TLSA records; to be called before the first message is parsed. */
        static void register() {
            Type.register(Type.TLSA, "TLSA", RawTlsa::new);
        }

        /** The RDATA; not to be changed. */
        byte[] octets() {
            return octets;
        }

        @Override
        protected void rrFromWire(DNSInput in) throws IOException {
            octets = in.readByteArray();
        }

        @Override
        protected void rrToWire(DNSOutput out, Compression compression, boolean canonical) {
            out.writeByteArray(octets);
        }

        /** The format for unknown types (RFC 3597 §5). */
        @Override
        protected String rrToString() {
            return "\\# " + octets.length + " " + HexFormat.of().formatHex(octets);
        }

        @Override
        protected void rdataFromString(Tokenizer text, Name origin) throws IOException {
            throw new TextParseException("TLSA records are not read from text here");
        }
    }
}
