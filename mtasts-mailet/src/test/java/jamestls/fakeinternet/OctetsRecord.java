package jamestls.fakeinternet;

import java.io.IOException;
import java.util.HexFormat;
import org.xbill.DNS.Compression;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSInput;
import org.xbill.DNS.DNSOutput;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Tokenizer;

/** A record of any type with any octets for data, none included: dnsjava's own classes write nothing that makes no sense. */
final class OctetsRecord extends Record {

    private static final long serialVersionUID = 1L;

    private byte[] octets;

    OctetsRecord(Name name, int type, long ttl, byte[] octets) {
        super(name, type, DClass.IN, ttl);
        this.octets = octets.clone();
    }

    @Override
    protected void rrFromWire(DNSInput in) throws IOException {
        octets = in.readByteArray();
    }

    @Override
    protected void rrToWire(DNSOutput out, Compression compression, boolean canonical) {
        out.writeByteArray(octets);
    }

    /** RFC 3597 §5, as name servers read it. */
    @Override
    protected String rrToString() {
        return "\\# " + octets.length + " " + HexFormat.of().formatHex(octets);
    }

    @Override
    protected void rdataFromString(Tokenizer text, Name origin) throws IOException {
        throw new TextParseException("octets are not read from text");
    }
}
