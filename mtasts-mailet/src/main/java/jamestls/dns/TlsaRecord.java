package jamestls.dns;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * One TLSA record (RFC 6698 §2.1) as published, usable or not.
 *
 * @param usage certificate usage, 0 to 255
 * @param selector 0 to 255
 * @param matchingType 0 to 255
 * @param data certificate association data, up to {@value #MAX_DATA} bytes; empty where there was more
 * @param extent whether {@code data} is what the zone has; a record that is not {@code WHOLE} is unusable
 */
public record TlsaRecord(int usage, int selector, int matchingType, byte[] data, Extent extent) {

    /** Bytes of association data that are kept: room for any certificate a mail server can send in a handshake. */
    public static final int MAX_DATA = 16_384;
    private static final int OCTET = 255;
    private static final int BEFORE_DATA = 3;
    private static final int SHOWN = 64;

    /** How much of the association data is here. */
    public enum Extent {
        WHOLE,
        /** More than {@value TlsaRecord#MAX_DATA} bytes, none of which were kept. */
        TOO_LONG,
        /** Not even usage, selector and matching type: those are 0 here, and {@code data} is the whole record. */
        TRUNCATED
    }

    /** @throws IllegalArgumentException for a field that is no octet, or data beyond the bound */
    public TlsaRecord {
        if ((usage | selector | matchingType) < 0 || usage > OCTET || selector > OCTET || matchingType > OCTET) {
            throw new IllegalArgumentException("TLSA " + usage + " " + selector + " " + matchingType + ": not octets");
        }
        if (data.length > MAX_DATA) {
            throw new IllegalArgumentException("TLSA data of " + data.length + " bytes");
        }
        data = data.clone();
    }

    /** A record with data of any length; data that is too long is dropped, and {@link #extent} says so. */
    public static TlsaRecord of(int usage, int selector, int matchingType, byte[] data) {
        return data.length > MAX_DATA ? new TlsaRecord(usage, selector, matchingType, new byte[0], Extent.TOO_LONG)
            : new TlsaRecord(usage, selector, matchingType, data, Extent.WHOLE);
    }

    /** Parses RDATA of any length. */
    static TlsaRecord of(byte[] octets) {
        return octets.length < BEFORE_DATA ? new TlsaRecord(0, 0, 0, octets, Extent.TRUNCATED)
            : of(octets[0] & OCTET, octets[1] & OCTET, octets[2] & OCTET, Arrays.copyOfRange(octets, BEFORE_DATA, octets.length));
    }

    @Override
    public byte[] data() {
        return data.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TlsaRecord that && usage == that.usage && selector == that.selector
            && matchingType == that.matchingType && extent == that.extent && Arrays.equals(data, that.data);
    }

    @Override
    public int hashCode() {
        return ((usage * 31 + selector) * 31 + matchingType) * 31 + Arrays.hashCode(data);
    }

    /** As in a zone file and in reports, {@code "3 1 1 5fec…"}: hexadecimal in lower case, cut after 64 bytes. */
    @Override
    public String toString() {
        if (extent == Extent.TRUNCATED) {
            // RFC 3597 §5
            return ("\\# " + data.length + " " + HexFormat.of().formatHex(data)).strip();
        }
        String hex = HexFormat.of().formatHex(data, 0, Math.min(data.length, SHOWN));
        return usage + " " + selector + " " + matchingType + " " + hex + (extent == Extent.TOO_LONG || data.length > SHOWN ? "…" : "");
    }
}
