package jamestls.storage;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Runs {@link Reader} as user {@code nobody}, to whom permissions apply; the tests may run as root. */
final class OtherUser {

    private static final Pattern NEEDED = Pattern.compile("(sqlite-jdbc|slf4j-api|HikariCP|postgresql)-[0-9].*\\.jar");

    /** The packages that reading a database uses. */
    private static final List<String> USED = List.of("jamestls/storage", "jamestls/net");

    private OtherUser() {
    }

    /** Reads a database of {@link DatabaseContract#NOTES} and prints the number of notes, or why it can't. */
    static final class Reader {

        private Reader() {
        }

        public static void main(String[] arguments) {
            try (Database database = Database.readOnly(new DatabaseAddress.SqliteFile(Path.of(arguments[0])),
                    List.of(new Migrations("notes", List.of(List.of(), List.of()))))) {
                System.out.println(database.<Long>transaction(connection -> {
                    try (var statement = connection.createStatement();
                         var row = statement.executeQuery("SELECT COUNT(*) FROM notes_note")) {
                        row.next();
                        return row.getLong(1);
                    }
                }));
            } catch (StorageOutage e) {
                System.out.println(e.getMessage());
            }
        }
    }

    /** Output of the reader; the test is skipped if the user can't be changed. */
    static String reads(Path file, Path scratch) throws IOException, InterruptedException {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")) && Files.isExecutable(Path.of("/usr/bin/setpriv")),
            "needs root and setpriv to run a reader as nobody");
        Path classes = Files.createDirectories(scratch.resolve("classes"));
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path path = Path.of(entry);
            if (NEEDED.matcher(path.getFileName().toString()).matches()) {
                Files.copy(path, scratch.resolve(path.getFileName()));
            }
            for (String used : USED) {
                if (Files.isDirectory(path.resolve(used))) {
                    copy(path.resolve(used), Files.createDirectories(classes.resolve(used)));
                }
            }
        }
        run("chmod", "-R", "a+rX", scratch.toString());
        List<String> command = new ArrayList<>(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", classes + File.pathSeparator + scratch + "/*",
            "-Dslf4j.internal.verbosity=ERROR", Reader.class.getName(), file.toString()));
        return run(command.toArray(String[]::new)).strip();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path each : files.toList()) {
                Files.copy(each, to.resolve(each.getFileName()));
            }
        }
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(Arrays.toString(command) + ": " + out);
        }
        return out;
    }
}
