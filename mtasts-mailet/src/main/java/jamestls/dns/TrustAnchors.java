package jamestls.dns;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.xbill.DNS.Master;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * The keys that DNSSEC validation starts from (RFC 4035 §4.4): DS or DNSKEY records in the format of a zone file. Names
 * that are below none of them are insecure.
 */
public final class TrustAnchors {

    private static final int MAX_FILE = 65_536;
    private static final int MAX_ANCHORS = 64;
    private static final String IANA = "root-anchors.zone";

    private final String text;
    private final Name first;

    private TrustAnchors(String text, Name first) {
        this.text = text;
        this.first = first;
    }

    /** Those of the public root, as IANA publishes them. */
    public static TrustAnchors iana() {
        try (InputStream in = TrustAnchors.class.getResourceAsStream(IANA)) {
            return read(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Reads DS and DNSKEY records, for a private root or for islands below none. They take the place of IANA's.
     *
     * @throws IOException when this is no zone file, holds no anchor, or more than 64 of them or 64 KiB
     */
    public static TrustAnchors read(InputStream in) throws IOException {
        byte[] bytes = in.readNBytes(MAX_FILE + 1);
        if (bytes.length > MAX_FILE) {
            throw new IOException("more than " + MAX_FILE + " bytes of trust anchors");
        }
        // $INCLUDE would read, and quote in its error, any file of the machine
        String text = new String(bytes, StandardCharsets.UTF_8);
        if (text.contains("$INCLUDE") || text.contains("$GENERATE")) {
            throw new IOException("trust anchors may not $INCLUDE or $GENERATE");
        }
        List<Name> names = new ArrayList<>();
        try (Master master = new Master(new ByteArrayInputStream(bytes), Name.root, 0)) {
            for (Record record = master.nextRecord(); record != null; record = master.nextRecord()) {
                if (record.getType() != Type.DS && record.getType() != Type.DNSKEY) {
                    throw new IOException("a " + Type.string(record.getType()) + " record is no trust anchor: DS or DNSKEY");
                }
                names.add(record.getName());
            }
        }
        if (names.isEmpty() || names.size() > MAX_ANCHORS) {
            throw new IOException(names.size() + " trust anchors, not 1 to " + MAX_ANCHORS);
        }
        return new TrustAnchors(text, names.contains(Name.root) ? Name.root : names.getFirst());
    }

    InputStream zoneFile() {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A name that must validate if DNSSEC works: the root, or the first anchor if there is none for the root. */
    Name top() {
        return first;
    }
}
