package jamestls.install;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Edits of one text. Offsets are those of the unchanged text; all edits are applied at once and must not overlap. */
final class TextEdits {

    private final String text;
    private final List<Edit> edits = new ArrayList<>();

    TextEdits(String text) {
        this.text = text;
    }

    private record Edit(int start, int end, String replacement) {
    }

    void replace(int start, int end, String replacement) {
        edits.add(new Edit(start, end, replacement));
    }

    /** Inserts before the character at that offset; insertions at the same offset keep their order. */
    void insert(int offset, String inserted) {
        replace(offset, offset, inserted);
    }

    /** Removes a range, with its lines if they contain nothing else but blanks. */
    void removeWithLines(int start, int end) {
        int lineStart = start;
        while (lineStart > 0 && isBlank(text.charAt(lineStart - 1))) {
            lineStart--;
        }
        int lineEnd = end;
        while (lineEnd < text.length() && (isBlank(text.charAt(lineEnd)) || text.charAt(lineEnd) == '\r')) {
            lineEnd++;
        }
        boolean alone = (lineStart == 0 || text.charAt(lineStart - 1) == '\n') && lineEnd < text.length() && text.charAt(lineEnd) == '\n';
        if (alone) {
            replace(lineStart, lineEnd + 1, "");
        } else {
            replace(start, end, "");
        }
    }

    boolean isEmpty() {
        return edits.isEmpty();
    }

    /** @throws IllegalStateException when two edits overlap */
    String apply() {
        StringBuilder changed = new StringBuilder(text.length() + 2000);
        int done = 0;
        for (Edit edit : edits.stream().sorted(Comparator.comparingInt(Edit::start).thenComparingInt(Edit::end)).toList()) {
            if (edit.start < done) {
                throw new IllegalStateException("two edits of the same text, at " + edit.start);
            }
            changed.append(text, done, edit.start).append(edit.replacement);
            done = edit.end;
        }
        return changed.append(text, done, text.length()).toString();
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }
}
