package jamestls.mtasts;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.net.InetAddress;
import java.time.Instant;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The doors between the rooms. Plain tests, so that no filter of a test run can leave them out unnoticed. */
class ArchitectureTest {

    private static final JavaClasses CLASSES =
        new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("jamestls.mtasts");

    @Test
    void nothingShouldFlowBackUp() {
        slices().matching("jamestls.mtasts.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @ParameterizedTest
    @CsvSource({
        "dns,      ''",
        "storage,  ''",
        "config,   ''",
        "outcome,  dns",
        "https,    dns",
        "mx,       dns",
        "smtp,     dns",
        "dane,     dns outcome",
        "sts,      dns https outcome storage",
        "direct,   mx smtp dns",
        "cli,      config delivery policy dane storage smtp sts mx dns https outcome",
        "policy,   dane sts dns outcome smtp",
        "delivery, policy dane sts mx smtp dns outcome config"})
    void roomShouldKnowOnlyTheRoomsBelow(String room, String below) {
        String[] allowed = Stream.concat(Stream.of(room), Arrays.stream(below.split(" "))).filter(name -> !name.isEmpty())
            .map(name -> "jamestls.mtasts." + name + "..").toArray(String[]::new);

        classes().that().resideInAPackage("jamestls.mtasts." + room + "..")
            .should().onlyDependOnClassesThat(resideInAnyPackage(allowed).or(resideOutsideOfPackage("jamestls..")))
            .check(CLASSES);
    }

    @Test
    void decisionsShouldBePure() {
        noClasses()
            .that().haveSimpleName("PolicyDecider").or().haveSimpleName("Verdict").or().haveSimpleName("TlsDemand")
            .should().dependOnClassesThat().resideInAnyPackage("java.io..", "java.nio..", "java.net..", "java.util.concurrent..")
            .orShould().callMethod(Instant.class, "now").orShould().callMethod(System.class, "currentTimeMillis")
            .check(CLASSES);
    }

    @Test
    void theJvmShouldNeverResolveNames() {
        noClasses().should()
            .callMethod(InetAddress.class, "getByName", String.class)
            .orShould().callMethod(InetAddress.class, "getAllByName", String.class)
            .because("names are resolved by our own Dns, whose answers are bounded, vetted and know their DNSSEC state")
            .check(CLASSES);
    }
}
