package jamestls.dns;

import java.io.IOException;
import java.util.HexFormat;
import org.xbill.DNS.Compression;
import org.xbill.DNS.DNSInput;
import org.xbill.DNS.DNSOutput;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Tokenizer;
import org.xbill.DNS.Type;

/**
 * A TLSA record as the octets it came in, whatever they are. dnsjava's own class refuses one without association data, and with
 * it the whole message, so that a single useless record would make its host unreachable; it must only be unusable
 * (RFC 6698 §4.1). Signatures are checked over these very octets.
 */
final class RawTlsa extends Record {

    private static final long serialVersionUID = 1L;

    private byte[] octets = new byte[0];

    /** From now on dnsjava makes these of TLSA records; done before the first message is read. */
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

    /** As RFC 3597 §5 writes what it does not know. */
    @Override
    protected String rrToString() {
        return "\\# " + octets.length + " " + HexFormat.of().formatHex(octets);
    }

    @Override
    protected void rdataFromString(Tokenizer text, Name origin) throws IOException {
        throw new TextParseException("TLSA records are not read from text here");
    }
}
