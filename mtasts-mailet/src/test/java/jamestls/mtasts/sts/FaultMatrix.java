package jamestls.mtasts.sts;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What each fault comes to in each state of the cache; docs/reference/fault-matrix.md explains the words. */
final class FaultMatrix {

    static final String TABLE = """
        | where | fault | what happens | nothing cached | cached, same id | cached, new id | cached, expired |
        |---|---|---|---|---|---|---|
        | nowhere | none | everything works | new | cached | new | new |
        | TXT | none | no record | none | cached | cached | none |
        | TXT | slow | the answer takes half a second | new | cached | new | new |
        | TXT | refused | the name server refuses | none | cached | cached | none |
        | TXT | wrong | two records | none | cached | cached | none |
        | TXT | lost | no answer | none | cached | cached | none |
        | TXT | garbage | an answer no parser takes | none | cached | cached | none |
        | HTTPS | none | no address | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | HTTPS | slow | header fields drip without end | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | HTTPS | refused | nobody listens | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | HTTPS | wrong | 404 | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | HTTPS | lost | nothing is said | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | HTTPS | garbage | what is said is no HTTP | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | certificate | none | no certificate for the name | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | certificate | slow | the handshake stalls | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | certificate | refused | unknown authority | none + webpki-invalid | cached | cached + webpki-invalid | none + webpki-invalid |
        | certificate | wrong | another name | none + webpki-invalid | cached | cached + webpki-invalid | none + webpki-invalid |
        | certificate | wrong | expired | none + webpki-invalid | cached | cached + webpki-invalid | none + webpki-invalid |
        | certificate | lost | reset in mid-handshake | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | certificate | garbage | what is said is no TLS | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | body | none | empty | none + policy-invalid | cached | cached + policy-invalid | none + policy-invalid |
        | body | slow | drips without end | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | body | refused | one byte too many | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | body | wrong | enforce without mx | none + policy-invalid | cached | cached + policy-invalid | none + policy-invalid |
        | body | lost | half of it | none + fetch-error | cached | cached + fetch-error | none + fetch-error |
        | body | garbage | bytes | none + policy-invalid | cached | cached + policy-invalid | none + policy-invalid |
        | store | none | memory only | new | cached | new | new |
        | store | slow | every call takes a while | new | cached | new | new |
        | store | refused | closed, every call fails | new | cached | new | new |
        | store | wrong | the row makes no sense | new | cached | new | new |
        | store | lost | the file is deleted | new | cached | new | new |
        | store | garbage | the file is overwritten, all but its header | new | cached | new | new |
        | store, TXT | none | memory only; DNS refuses | none | cached | cached | none |
        | store, TXT | slow | every call takes a while; DNS refuses | none | cached | cached | none |
        | store, TXT | refused | closed, every call fails; DNS refuses | none | cached | cached | none |
        | store, TXT | wrong | the row makes no sense; DNS refuses | none | cached | cached | none |
        | store, TXT | lost | the file is deleted; DNS refuses | none | cached | cached | none |
        | store, TXT | garbage | the file is overwritten, all but its header; DNS refuses | none | cached | cached | none |
        | store, TXT, restart | none | memory only; DNS refuses | none | none | none | none |
        | store, TXT, restart | slow | every call takes a while; DNS refuses | none | cached | cached | none |
        | store, TXT, restart | refused | closed, every call fails; DNS refuses | none | none | none | none |
        | store, TXT, restart | wrong | the row makes no sense; DNS refuses | none | none | none | none |
        | store, TXT, restart | lost | the file is deleted; DNS refuses | none | none | none | none |
        | store, TXT, restart | garbage | the file is overwritten, all but its header; DNS refuses | none | none | none | none |
        """;

    private FaultMatrix() {
    }

    /** What is in the cache when the fault strikes, in the order of the columns. */
    enum Cached { NOTHING, SAME_ID, NEW_ID, EXPIRED }

    /**
     * One cell.
     *
     * @param where the place that is struck
     * @param fault the kind of fault
     * @param what the fault in words; place, kind and words together are unique
     * @param expected the decision in the words of the table
     */
    record Cell(String where, String fault, String what, Cached cached, String expected) {

        String key() {
            return where + ": " + what;
        }

        @Override
        public String toString() {
            return where + " " + fault + " (" + what + "), " + cached + ": " + expected;
        }
    }

    static List<Cell> cells() {
        return TABLE.lines().skip(2).flatMap(FaultMatrix::cells).toList();
    }

    private static Stream<Cell> cells(String line) {
        String[] columns = Arrays.stream(line.split("\\|")).map(String::strip).filter(text -> !text.isEmpty()).toArray(String[]::new);
        return IntStream.range(0, Cached.values().length)
            .mapToObj(state -> new Cell(columns[0], columns[1], columns[2], Cached.values()[state], columns[3 + state]));
    }
}
