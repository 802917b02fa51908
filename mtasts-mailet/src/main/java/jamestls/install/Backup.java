package jamestls.install;

import jamestls.install.Plan.Change;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Carries out a plan and keeps copies of the files in {@code conf/jamestls-backup/NNNN-install}, with {@code before/}, {@code after/}
 * and a list of the files. {@link #revert} undoes installations with these copies.
 */
public final class Backup {

    static final String DIRECTORY = "jamestls-backup";

    private static final String FILES = "files";
    private static final String INSTALL = "-install";
    private static final String UNDONE = "-undone";

    private final Path conf;
    private final Path directory;

    private Backup(Path conf) {
        this.conf = conf.toAbsolutePath().normalize();
        this.directory = this.conf.resolve(DIRECTORY);
    }

    /**
     * Writes all changes. If one fails, those before it are reverted.
     *
     * @return the directory with the copies
     * @throws Refusal if a file has changed since the plan was made
     */
    public static Path apply(Plan plan) throws IOException, Refusal {
        return new Backup(plan.conf()).apply(plan, INSTALL);
    }

    /**
     * Plans the reversal of all installations that are not reverted yet, the last one first.
     *
     * @throws Refusal if there is none, or if the changes of one were edited since; names every file and line
     */
    public static Plan revert(Path conf) throws IOException, Refusal {
        return new Backup(conf).revertAll();
    }

    /** Carries out a plan of {@link #revert}. */
    public static Path applyRevert(Plan plan) throws IOException, Refusal {
        Backup backup = new Backup(plan.conf());
        List<Path> steps = backup.installs();
        Path kept = backup.apply(plan, "-uninstall");
        for (Path step : steps) {
            Files.move(step, step.resolveSibling(step.getFileName() + UNDONE));
        }
        return kept;
    }

    private Path apply(Plan plan, String suffix) throws IOException, Refusal {
        List<Finding> stale = new ArrayList<>();
        for (Change change : plan.changes()) {
            if (!change.isCurrent()) {
                stale.add(Finding.problem(change.file(), 0, "has changed since the changes were planned", "run this again"));
            }
        }
        if (!stale.isEmpty()) {
            throw new Refusal(stale);
        }
        Path kept = keep(plan, suffix);
        List<Change> done = new ArrayList<>();
        try {
            for (Change change : plan.changes()) {
                done.add(change);
                write(change, change.after());
            }
        } catch (IOException e) {
            for (Change change : done.reversed()) {
                try {
                    write(change, change.before());
                } catch (IOException alsoFailed) {
                    e.addSuppressed(alsoFailed);
                }
            }
            Path copies = Files.move(kept, kept.resolveSibling(kept.getFileName() + "-failed"));
            throw new IOException(reason(e) + "; " + state(done, copies), e);
        }
        return kept;
    }

    private static String state(List<Change> changes, Path copies) {
        List<String> changed = changes.stream().filter(change -> {
            try {
                return !change.isCurrent();
            } catch (IOException unreadable) {
                return true;
            }
        }).map(change -> change.file().toString()).toList();
        return changed.isEmpty() ? "everything is as it was before"
            : "could not be restored: " + String.join(", ", changed) + "; copies are in " + copies;
    }

    private static String reason(IOException e) {
        return e instanceof FileSystemException failed
            ? failed.getFile() + " can't be written" + (failed.getReason() == null ? "" : ": " + failed.getReason()) : e.getMessage();
    }

    /** Writes the copies, and the list last: a directory without a list is not complete. */
    private Path keep(Plan plan, String suffix) throws IOException {
        int number = 1;
        if (Files.isDirectory(directory)) {
            try (Stream<Path> entries = Files.list(directory)) {
                number += entries.map(each -> each.getFileName().toString()).filter(each -> each.matches("[0-9]{4}-.*"))
                    .mapToInt(each -> Integer.parseInt(each.substring(0, 4))).max().orElse(0);
            }
        } else {
            Files.createDirectory(directory);
            restrict(directory, "rwx------");
        }
        Path kept = Files.createDirectory(directory.resolve(String.format("%04d", number) + suffix));
        StringBuilder list = new StringBuilder();
        int index = 0;
        for (Change change : plan.changes()) {
            Path before = kept.resolve("before").resolve(Integer.toString(index) + "-" + change.file().getFileName());
            Path after = kept.resolve("after").resolve(Integer.toString(index) + "-" + change.file().getFileName());
            if (change.before().isPresent()) {
                writeDurably(before, change.before().get());
            }
            if (change.after().isPresent() && change.kind() == Change.Kind.TEXT) {
                writeDurably(after, change.after().get());
            }
            list.append(change.kind()).append(' ').append(change.before().isPresent() ? "changed" : "new").append(' ')
                .append(change.after().map(Backup::hash).orElse("removed")).append(' ').append(conf.relativize(change.file())).append('\n');
            index++;
        }
        writeDurably(kept.resolve(FILES), list.toString().getBytes(StandardCharsets.UTF_8));
        return kept;
    }

    /** One line of the list, with the copies. */
    private record Kept(Change.Kind kind, Path file, String hashAfter, Optional<byte[]> before, Optional<byte[]> after) {
    }

    private List<Path> installs() throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(each -> each.getFileName().toString().matches("[0-9]{4}" + INSTALL))
                .filter(each -> Files.exists(each.resolve(FILES))).sorted().toList();
        }
    }

    private List<Kept> read(Path step) throws IOException {
        List<Kept> kept = new ArrayList<>();
        for (String line : Files.readAllLines(step.resolve(FILES))) {
            String[] parts = line.split(" ", 4);
            if (parts.length < 4) {
                throw new IOException(step.resolve(FILES) + " is damaged: " + line);
            }
            Path file = conf.resolve(parts[3]).normalize();
            String name = kept.size() + "-" + file.getFileName();
            kept.add(new Kept(Change.Kind.valueOf(parts[0]), file, parts[2], bytes(step.resolve("before").resolve(name)),
                bytes(step.resolve("after").resolve(name))));
        }
        return kept;
    }

    private Plan revertAll() throws IOException, Refusal {
        List<Path> steps = installs();
        if (steps.isEmpty()) {
            throw new Refusal("no installation is recorded in " + directory, "undo by hand what was changed by hand");
        }
        Map<Path, Optional<byte[]>> now = new LinkedHashMap<>();
        Map<Path, Change.Kind> kinds = new LinkedHashMap<>();
        List<Finding> conflicts = new ArrayList<>();
        Plan plan = new Plan(conf);
        for (Path step : steps.reversed()) {
            for (Kept kept : read(step).reversed()) {
                if (kept.kind == Change.Kind.KEY) {
                    plan.afterwards(kept.file + " is kept, because its public key may be in DNS. Delete both "
                        + "when no report is being sent.");
                    continue;
                }
                kinds.put(kept.file, kept.kind);
                Optional<byte[]> current = now.containsKey(kept.file) ? now.get(kept.file) : bytes(kept.file);
                now.put(kept.file, reverted(kept, current, conflicts));
            }
        }
        if (!conflicts.isEmpty()) {
            throw new Refusal(conflicts);
        }
        for (Map.Entry<Path, Optional<byte[]>> each : now.entrySet()) {
            Optional<byte[]> current = bytes(each.getKey());
            if (!same(current, each.getValue())) {
                plan.change(new Change(kinds.get(each.getKey()), each.getKey(), current, each.getValue()));
            }
        }
        return plan;
    }

    private Optional<byte[]> reverted(Kept kept, Optional<byte[]> current, List<Finding> conflicts) {
        if (current.map(Backup::hash).orElse("removed").equals(kept.hashAfter)) {
            return kept.before;
        }
        if (same(current, kept.before) || kept.kind == Change.Kind.JAR) {
            // reverted by hand, or another version of the jar was installed since
            return current;
        }
        if (current.isPresent() && kept.before.isPresent() && kept.after.isPresent()) {
            // ISO 8859-1 decodes any bytes and encodes the text to the same bytes
            LineDiff ours = LineDiff.of(latin1(kept.before.get()), latin1(kept.after.get()));
            Optional<String> reverted = ours.revert(latin1(current.get()));
            if (reverted.isPresent()) {
                return reverted.map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
            }
            conflicts.add(Finding.problem(kept.file, ours.firstConflict(latin1(current.get())),
                "was edited since, in or next to the lines that install wrote",
                "revert it by hand; a copy of the previous file is in " + directory));
        } else {
            conflicts.add(Finding.problem(kept.file, current.isPresent() ? 1 : 0, current.isPresent()
                ? "was created by install and edited since" : "does not exist any more", "the previous file is in " + directory));
        }
        return current;
    }

    private static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static boolean same(Optional<byte[]> one, Optional<byte[]> other) {
        return one.isPresent() == other.isPresent() && (one.isEmpty() || Arrays.equals(one.get(), other.get()));
    }

    private static Optional<byte[]> bytes(Path file) throws IOException {
        return Files.isRegularFile(file) ? Optional.of(Files.readAllBytes(file)) : Optional.empty();
    }

    private static void write(Change change, Optional<byte[]> bytes) throws IOException {
        if (bytes.isEmpty()) {
            Files.deleteIfExists(change.file());
            return;
        }
        // writes to the target of a symbolic link, so that the link stays
        Path file = Files.exists(change.file()) ? change.file().toRealPath() : change.file();
        Files.createDirectories(file.getParent());
        Path fresh = file.resolveSibling("." + file.getFileName() + ".jamestls-new");
        try {
            if (change.kind() == Change.Kind.KEY) {
                // permissions first: the key must never be readable by others
                Files.write(fresh, new byte[0]);
                restrict(fresh, "rw-------");
            }
            writeDurably(fresh, bytes.get());
            if (change.kind() != Change.Kind.KEY && Files.exists(file)) {
                copyOwnerAndPermissions(file, fresh);
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            // a single file that is mounted into a container can be overwritten, but not replaced
            Files.deleteIfExists(fresh);
            if (!Files.exists(file) || change.kind() == Change.Kind.KEY) {
                throw e;
            }
            Files.write(file, bytes.get());
        }
    }

    /** Gives the new file the owner and permissions of the old one, so that James can read it. */
    private static void copyOwnerAndPermissions(Path old, Path fresh) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(fresh, PosixFileAttributeView.class);
        if (view == null) {
            return;
        }
        PosixFileAttributes attributes = Files.readAttributes(old, PosixFileAttributes.class);
        PosixFileAttributes own = view.readAttributes();
        if (!attributes.owner().equals(own.owner())) {
            view.setOwner(attributes.owner());
        }
        if (!attributes.group().equals(own.group())) {
            view.setGroup(attributes.group());
        }
        view.setPermissions(attributes.permissions());
    }

    private static void restrict(Path path, String permissions) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(path, PosixFileAttributeView.class);
        if (view != null) {
            view.setPermissions(PosixFilePermissions.fromString(permissions));
        }
    }

    private static void writeDurably(Path file, byte[] bytes) throws IOException {
        Files.createDirectories(file.getParent());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
        }
    }

    private static String hash(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
