package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.mtasts.sts.FaultMatrix.Cached;
import jamestls.mtasts.sts.FaultMatrix.Cell;
import jamestls.mtasts.sts.UnreportedFetches.FailedFetch;
import jamestls.outcome.Violation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every fault on the way to a policy, in every state of the cache, over real sockets and a real SQLite file. */
@Tag("slow")
class FaultMatrixTest {

    @TempDir
    private Path directory;

    static List<Cell> cells() {
        return FaultMatrix.cells();
    }

    @ParameterizedTest
    @MethodSource("cells")
    @Timeout(60)
    void decisionShouldBeThatOfTheTable(Cell cell) {
        try (FaultFixture world = new FaultFixture(directory, cell.what().startsWith("memory only"))) {
            prepare(world, cell.cached());
            long connections = world.connections();
            world.strike(cell.key());

            assertThat(inWords(world.lookup())).isEqualTo(cell.expected());
            if (cell.expected().equals("cached")) {
                // nothing to fetch: the fault is not even met
                assertThat(world.connections()).isEqualTo(connections);
            }
        }
    }

    @Test
    void documentationShouldShowThisTable() throws IOException {
        assertThat(Files.readString(Path.of("../docs/reference/fault-matrix.md"))).endsWith(FaultMatrix.TABLE);
    }

    @Test
    void everyFaultShouldStrikeEveryPlace() {
        for (String where : List.of("TXT", "HTTPS", "certificate", "body", "store")) {
            assertThat(cells().stream().filter(cell -> cell.where().equals(where)).map(Cell::fault).distinct())
                .containsExactlyInAnyOrder("none", "slow", "refused", "wrong", "lost", "garbage");
        }
    }

    private static void prepare(FaultFixture world, Cached cached) {
        if (cached != Cached.NOTHING) {
            world.publish("1", FaultFixture.OLD);
            assertThat(inWords(world.lookup())).isEqualTo("cached");
        }
        if (cached != Cached.SAME_ID) {
            world.publish("2", FaultFixture.NEW);
        }
        if (cached == Cached.EXPIRED) {
            world.letPoliciesExpire();
        }
    }

    /** The policy by its text: what was published first is what is cached. */
    private static String inWords(StsLookup lookup) {
        return switch (lookup) {
            case StsLookup.NoPolicy none -> "none";
            case StsLookup.Unusable unusable -> "none" + reported(Optional.of(unusable.problem()));
            case StsLookup.Found found ->
                (found.policy().text().equals(FaultFixture.OLD) ? "cached" : "new")
                    + reported(found.failedFetch().map(FailedFetch::problem));
        };
    }

    private static String reported(Optional<Violation> problem) {
        return problem.map(it -> " + " + it.type().wireName().replaceFirst("^sts-(policy-(?=fetch))?", "")).orElse("");
    }
}
