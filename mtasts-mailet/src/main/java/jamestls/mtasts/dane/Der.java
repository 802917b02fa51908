package jamestls.mtasts.dane;

import java.util.Arrays;

/** As much of DER (X.690) as it takes to walk over the elements of a certificate. Reads past nothing: it throws. */
final class Der {

    private static final int MAX_LENGTH_BYTES = 3;

    private final byte[] bytes;
    private int at;

    Der(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Steps into the element here: past its tag and length. */
    Der enter() {
        at++;
        length();
        return this;
    }

    /** Steps over the element here. */
    Der skip() {
        at++;
        int length = length();
        at = Math.addExact(at, length);
        return this;
    }

    boolean isAt(int tag) {
        return (bytes[at] & 0xff) == tag;
    }

    /** The element here, tag and length included. */
    byte[] element() {
        int start = at;
        skip();
        if (at > bytes.length) {
            throw new IndexOutOfBoundsException(at);
        }
        return Arrays.copyOfRange(bytes, start, at);
    }

    private int length() {
        int first = bytes[at++] & 0xff;
        if (first < 0x80) {
            return first;
        }
        int count = first & 0x7f;
        if (count > MAX_LENGTH_BYTES) {
            throw new IndexOutOfBoundsException(count);
        }
        int length = 0;
        for (int i = 0; i < count; i++) {
            length = length << 8 | bytes[at++] & 0xff;
        }
        return length;
    }
}
