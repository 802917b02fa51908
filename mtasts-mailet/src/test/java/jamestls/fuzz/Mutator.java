package jamestls.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Makes a new input of one or two old ones: bytes changed, pieces dropped, doubled, swapped in, and now and then blown up. */
final class Mutator {

    /** One more than the largest policy, and sixteen times the longest record. */
    static final int MAX = 65_537;

    private static final int MAX_STEPS = 6;
    private static final byte[][] PIECES = pieces(
        "v=STSv1", ";", "id=", "version", "STSv1", "mode", "enforce", "none", "max_age", "mx", ":", ": ", " ", "\t", "\n", "\r\n", "\r",
        "\0", "*.", "*", ".", "..", "-", "--", "xn--", "_", "é", "\uFF45", "\u3002", "\u0130", "\uFF0E", "\u00DF", "\uFEFF",
        "\uD83D\uDE00", "0", "-1", "4294967296", "99999999999999999999", "31557600", "31557601", "250-", "250 ", "599", "421",
        "[", "]", "[::1]:53", "::", "127.0.0.1", "65536", ",");

    private final RandomGenerator random;

    Mutator(RandomGenerator random) {
        this.random = random;
    }

    byte[] mutate(List<byte[]> corpus) {
        byte[] input = any(corpus);
        for (int steps = 1 + random.nextInt(MAX_STEPS); steps > 0; steps--) {
            input = step(input, corpus);
        }
        return input.length > MAX ? Arrays.copyOf(input, MAX) : input;
    }

    private byte[] step(byte[] input, List<byte[]> corpus) {
        int from = random.nextInt(input.length + 1);
        int to = from + random.nextInt(Math.min(input.length - from, 64) + 1);
        return switch (random.nextInt(9)) {
            case 0 -> flipped(input, from);
            case 1 -> spliced(input, from, to, new byte[0]);
            case 2 -> spliced(input, to, to, Arrays.copyOfRange(input, from, to));
            case 3, 4 -> spliced(input, from, from, PIECES[random.nextInt(PIECES.length)]);
            case 5 -> spliced(input, from, to, PIECES[random.nextInt(PIECES.length)]);
            case 6 -> spliced(input, from, from, piece(any(corpus)));
            case 7 -> spliced(input, from, input.length, tail(any(corpus)));
            default -> random.nextInt(50) == 0 ? blownUp(input, from, to) : spliced(input, from, to, noise(to - from));
        };
    }

    private byte[] any(List<byte[]> corpus) {
        return corpus.get(random.nextInt(corpus.size()));
    }

    private byte[] flipped(byte[] input, int at) {
        byte[] changed = input.clone();
        if (at < changed.length) {
            changed[at] = (byte) (random.nextBoolean() ? changed[at] ^ 1 << random.nextInt(8) : random.nextInt(256));
        }
        return changed;
    }

    private byte[] piece(byte[] of) {
        int from = random.nextInt(of.length + 1);
        return Arrays.copyOfRange(of, from, from + random.nextInt(Math.min(of.length - from, 256) + 1));
    }

    private byte[] tail(byte[] of) {
        return Arrays.copyOfRange(of, random.nextInt(of.length + 1), of.length);
    }

    private byte[] noise(int length) {
        byte[] noise = new byte[length];
        random.nextBytes(noise);
        return noise;
    }

    /** The same few bytes again and again: what makes a careless reader take a time that grows faster than its input. */
    private byte[] blownUp(byte[] input, int from, int to) {
        byte[] repeated = new byte[Math.max(0, MAX - input.length) >> random.nextInt(8)];
        for (int i = 0; i < repeated.length; i++) {
            repeated[i] = to > from ? input[from + i % (to - from)] : (byte) ' ';
        }
        return spliced(input, from, from, repeated);
    }

    private static byte[] spliced(byte[] input, int from, int to, byte[] instead) {
        byte[] result = new byte[input.length - (to - from) + instead.length];
        System.arraycopy(input, 0, result, 0, from);
        System.arraycopy(instead, 0, result, from, instead.length);
        System.arraycopy(input, to, result, from + instead.length, input.length - to);
        return result;
    }

    private static byte[][] pieces(String... texts) {
        return Arrays.stream(texts).map(text -> text.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new);
    }
}
