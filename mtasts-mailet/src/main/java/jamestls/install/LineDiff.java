package jamestls.install;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The difference of two texts by lines. A line includes its line end, so that the lines joined are the text.
 *
 * @param hunks in their order; they neither overlap nor touch
 */
record LineDiff(List<String> before, List<String> after, List<Hunk> hunks) {

    private static final int CONTEXT = 3;
    /** If the comparison table would have more cells, the whole middle counts as one change. */
    private static final long MAX_CELLS = 25_000_000;

    /** Lines {@code from} to {@code to} (exclusive, from 0) of the text before became {@code newFrom} to {@code newTo} after. */
    record Hunk(int from, int to, int newFrom, int newTo) {
    }

    static LineDiff of(String before, String after) {
        return of(lines(before), lines(after));
    }

    private static LineDiff of(List<String> before, List<String> after) {
        int head = 0;
        while (head < Math.min(before.size(), after.size()) && before.get(head).equals(after.get(head))) {
            head++;
        }
        int tail = 0;
        while (tail < Math.min(before.size(), after.size()) - head
            && before.get(before.size() - 1 - tail).equals(after.get(after.size() - 1 - tail))) {
            tail++;
        }
        List<String> left = before.subList(head, before.size() - tail);
        List<String> right = after.subList(head, after.size() - tail);
        List<Hunk> hunks = new ArrayList<>();
        if ((long) left.size() * right.size() > MAX_CELLS) {
            hunks.add(new Hunk(head, head + left.size(), head, head + right.size()));
        } else {
            middle(left, right, head, hunks);
        }
        return new LineDiff(before, after, List.copyOf(hunks));
    }

    /** By the longest common subsequence of lines. */
    private static void middle(List<String> left, List<String> right, int offset, List<Hunk> hunks) {
        int[][] common = new int[left.size() + 1][right.size() + 1];
        for (int i = left.size() - 1; i >= 0; i--) {
            for (int j = right.size() - 1; j >= 0; j--) {
                common[i][j] = left.get(i).equals(right.get(j)) ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
            }
        }
        int i = 0;
        int j = 0;
        while (i < left.size() || j < right.size()) {
            int from = i;
            int newFrom = j;
            while ((i < left.size() || j < right.size())
                && !(i < left.size() && j < right.size() && left.get(i).equals(right.get(j)))) {
                if (j >= right.size() || i < left.size() && common[i + 1][j] >= common[i][j + 1]) {
                    i++;
                } else {
                    j++;
                }
            }
            if (i > from || j > newFrom) {
                hunks.add(new Hunk(offset + from, offset + i, offset + newFrom, offset + j));
            }
            while (i < left.size() && j < right.size() && left.get(i).equals(right.get(j))) {
                i++;
                j++;
            }
        }
    }

    static List<String> lines(String text) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        while (start < text.length()) {
            int end = text.indexOf('\n', start);
            int next = end < 0 ? text.length() : end + 1;
            lines.add(text.substring(start, next));
            start = next;
        }
        return lines;
    }

    /** The difference in the format of {@code diff -u}, without passwords and keys. */
    List<String> unified(String name) {
        List<String> lines = new ArrayList<>(List.of("--- " + name, "+++ " + name));
        int next = 0;
        while (next < hunks.size()) {
            int last = next;
            while (last + 1 < hunks.size() && hunks.get(last + 1).from - hunks.get(last).to <= 2 * CONTEXT) {
                last++;
            }
            int from = Math.max(0, hunks.get(next).from - CONTEXT);
            int to = Math.min(before.size(), hunks.get(last).to + CONTEXT);
            int newFrom = hunks.get(next).newFrom - (hunks.get(next).from - from);
            int newTo = hunks.get(last).newTo + (to - hunks.get(last).to);
            lines.add("@@ -" + range(from, to) + " +" + range(newFrom, newTo) + " @@");
            int at = from;
            for (Hunk hunk : hunks.subList(next, last + 1)) {
                print(' ', before.subList(at, hunk.from), lines);
                print('-', before.subList(hunk.from, hunk.to), lines);
                print('+', after.subList(hunk.newFrom, hunk.newTo), lines);
                at = hunk.to;
            }
            print(' ', before.subList(at, to), lines);
            next = last + 1;
        }
        return lines;
    }

    private static String range(int from, int to) {
        return (to == from ? from : from + 1) + (to - from == 1 ? "" : "," + (to - from));
    }

    private static void print(char mark, List<String> lines, List<String> out) {
        for (String line : lines) {
            out.add(mark + shown(line));
            if (!line.endsWith("\n")) {
                out.add("\\ No newline at end of file");
            }
        }
    }

    /** Hides passwords and keys, and replaces control characters, which a terminal might interpret. */
    private static String shown(String line) {
        return line.stripTrailing()
            .replaceAll("(?i)(<([a-z.]*(?:pass|secret)[a-z]*)>)[^<]+", "$1(not shown)")
            .replaceAll("^\\s*[A-Za-z0-9+/=]{40,}\\s*$", "(key, not shown)")
            .replaceAll("[\\p{Cntrl}&&[^\t]]", "?");
    }

    /**
     * Reverts this change in a text that may have been edited since.
     *
     * @param current the text now
     * @return empty if a line of this change, or one next to it, was edited; {@link #firstConflict} is that line
     */
    Optional<String> revert(String current) {
        LineDiff since = of(after, lines(current));
        if (conflict(since).isPresent()) {
            return Optional.empty();
        }
        StringBuilder reverted = new StringBuilder();
        int done = 0;
        for (Hunk hunk : hunks) {
            int start = moved(hunk.newFrom, since);
            reverted.append(String.join("", since.after.subList(done, start)));
            reverted.append(String.join("", before.subList(hunk.from, hunk.to)));
            done = start + hunk.newTo - hunk.newFrom;
        }
        return Optional.of(reverted.append(String.join("", since.after.subList(done, since.after.size()))).toString());
    }

    /** The first line of the current text, from 1, that prevents {@link #revert}; 0 if there is none. */
    int firstConflict(String current) {
        return conflict(of(after, lines(current))).map(edit -> edit.newFrom + 1).orElse(0);
    }

    private Optional<Hunk> conflict(LineDiff since) {
        return since.hunks.stream()
            .filter(edit -> hunks.stream().anyMatch(hunk -> edit.from <= hunk.newTo && edit.to >= hunk.newFrom)).findFirst();
    }

    /** Where a line of {@code since.before} that was not edited is in {@code since.after}. */
    private static int moved(int line, LineDiff since) {
        int shift = 0;
        for (Hunk edit : since.hunks) {
            if (edit.to <= line) {
                shift = edit.newTo - edit.to;
            }
        }
        return line + shift;
    }
}
