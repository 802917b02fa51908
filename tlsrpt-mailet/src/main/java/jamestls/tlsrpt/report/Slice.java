package jamestls.tlsrpt.report;

/**
 * Which of the files of a report that is too large for one (RFC 8460 §5.2). Each is a report of its own about some of the
 * policies, with its own report-id.
 *
 * @param number from 1
 * @param of how many there are
 */
public record Slice(int number, int of) {

    public static final Slice WHOLE = new Slice(1, 1);

    public Slice {
        if (number < 1 || number > of) {
            throw new IllegalArgumentException(number + " of " + of);
        }
    }

    public boolean isWhole() {
        return of == 1;
    }

    /** For example {@code 2of3}. */
    @Override
    public String toString() {
        return number + "of" + of;
    }
}
