package jamestls.tlsrpt.config;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The names a configuration may use, and what somebody may have meant who used another one. */
final class ParameterNames {

    private final List<String> names;

    ParameterNames(List<String> names) {
        this.names = List.copyOf(names);
    }

    boolean contains(String name) {
        return names.contains(name);
    }

    /** The name with the fewest letters to change, unless that is more than half of them. */
    Optional<String> nearest(String wrong) {
        return names.stream()
            .min(Comparator.comparingInt(name -> distance(name, wrong)))
            .filter(name -> distance(name, wrong) <= name.length() / 2);
    }

    @Override
    public String toString() {
        return String.join(", ", names);
    }

    /** Levenshtein's distance, the case of letters aside. */
    private static int distance(String right, String wrong) {
        String a = right.toLowerCase(Locale.ROOT);
        String b = wrong.toLowerCase(Locale.ROOT);
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int changed = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
