package jamestls.install;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The changes that a command will make. It is complete before anything is written. */
public final class Plan {

    private final Path conf;
    private final List<Change> changes = new ArrayList<>();
    private final List<String> steps = new ArrayList<>();
    private final List<String> afterwards = new ArrayList<>();

    Plan(Path conf) {
        this.conf = conf;
    }

    /**
     * The change of one file.
     *
     * @param before its bytes now; empty if it will be created
     * @param after its bytes afterwards; empty if it will be removed
     */
    record Change(Kind kind, Path file, Optional<byte[]> before, Optional<byte[]> after) {

        /** Decides how a change is shown, backed up and reverted. */
        enum Kind {
            /** Configuration, shown as a difference. */
            TEXT,
            /** A private key: readable to its owner only, and not removed by {@code uninstall}. */
            KEY,
            /** One of our jars. */
            JAR
        }

        static Change text(ConfFile file, String changed) throws Refusal {
            return new Change(Kind.TEXT, file.path(), Optional.of(file.bytes()), Optional.of(file.encoded(changed)));
        }

        static Change newText(Path file, String text) {
            return new Change(Kind.TEXT, file, Optional.empty(), Optional.of(text.getBytes(StandardCharsets.ISO_8859_1)));
        }

        static Change key(Path file, byte[] pem) {
            return new Change(Kind.KEY, file, Optional.empty(), Optional.of(pem));
        }

        /** Whether the file has not changed since this was planned. */
        boolean isCurrent() throws IOException {
            return before.isPresent() ? Files.exists(file) && Arrays.equals(Files.readAllBytes(file), before.get()) : !Files.exists(file);
        }
    }

    void change(Change change) {
        changes.add(change);
    }

    void step(String step) {
        steps.add(step);
    }

    void afterwards(String text) {
        afterwards.add(text);
    }

    /** The directory of James's configuration. */
    Path conf() {
        return conf;
    }

    List<Change> changes() {
        return List.copyOf(changes);
    }

    /** Whether there is nothing to do. */
    public boolean isEmpty() {
        return changes.isEmpty();
    }

    /** What is changed and why, a sentence for each change. */
    public List<String> steps() {
        return List.copyOf(steps);
    }

    /** What the operator has to do, a paragraph for each task. */
    public List<String> afterwards() {
        return List.copyOf(afterwards);
    }

    /** The changes as {@code diff -u} prints them; keys and passwords are not shown. */
    public List<String> diff() {
        List<String> lines = new ArrayList<>();
        for (Change change : changes) {
            switch (change.kind) {
                case TEXT -> lines.addAll(LineDiff.of(shown(change, change.before), shown(change, change.after))
                    .unified(conf.relativize(change.file).toString()));
                case KEY -> lines.add("new file " + change.file + " (a private key, mode 600)");
                case JAR -> lines.add((change.after.isEmpty() ? "remove " : change.before.isEmpty() ? "copy to " : "replace ")
                    + change.file);
            }
        }
        return lines;
    }

    private static String shown(Change change, Optional<byte[]> bytes) {
        try {
            return bytes.isEmpty() ? "" : ConfFile.of(change.file, bytes.get()).text();
        } catch (Refusal e) {
            throw new IllegalStateException("planned text does not have the encoding of its file", e);
        }
    }
}
