package jamestls.fuzz;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** An input as it goes on a command line: deflated, because the longest are repetitions, and in URL-safe Base64. */
final class PackedInput {

    private PackedInput() {
    }

    static String pack(byte[] input) {
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
        try {
            deflater.setInput(input);
            deflater.finish();
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            byte[] some = new byte[8_192];
            while (!deflater.finished()) {
                packed.write(some, 0, deflater.deflate(some));
            }
            return Base64.getUrlEncoder().withoutPadding().encodeToString(packed.toByteArray());
        } finally {
            deflater.end();
        }
    }

    /** @throws IllegalArgumentException when it is not what {@link #pack} gives */
    static byte[] unpack(String packed) {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(Base64.getUrlDecoder().decode(packed));
            byte[] input = new byte[Mutator.MAX];
            int length = inflater.inflate(input);
            return Arrays.copyOf(input, length);
        } catch (DataFormatException e) {
            throw new IllegalArgumentException("not a packed input", e);
        } finally {
            inflater.end();
        }
    }
}
