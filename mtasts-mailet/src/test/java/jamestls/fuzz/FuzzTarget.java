package jamestls.fuzz;

import java.util.List;

/**
 * One reader of strangers' bytes and what it promises.
 *
 * @param name as {@code -Dfuzz.target} has it
 * @param corpus where mutation starts from, at least one input
 */
record FuzzTarget(String name, List<byte[]> corpus, Reader reader) {

    /** Reads one input and checks all promises. */
    @FunctionalInterface
    interface Reader {
        /**
         * @return in a few words what kind of input it was; an input of a new kind joins the corpus
         * @throws AssertionError when a promise is broken; whatever else it throws is a finding, too
         */
        String read(byte[] input);
    }

    FuzzTarget {
        corpus = List.copyOf(corpus);
    }
}
