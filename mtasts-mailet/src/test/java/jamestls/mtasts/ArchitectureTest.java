package jamestls.mtasts;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import jamestls.net.SanitizedLogger;
import java.net.InetAddress;
import java.time.Instant;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which package may use which. Plain tests, so that no filter of a test run can leave them out unnoticed. */
class ArchitectureTest {

    private static final JavaClasses CLASSES =
        new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("jamestls");

    @Test
    void packagesShouldBeFreeOfCycles() {
        // commands and routes are above everything, whatever their packages are called
        slices().matching("jamestls.(*)..").should().beFreeOfCycles()
            .check(CLASSES.that(resideOutsideOfPackage("jamestls.mtasts.cli..").and(resideOutsideOfPackage("jamestls.mtasts.web.."))));
        slices().matching("jamestls.mtasts.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @ParameterizedTest
    @CsvSource({
        "dns,             config net",
        "storage,         config net",
        "config,          ''",
        "cli,             ''",
        "outcome,         dns net",
        "rua,             dns",
        "net,             ''",
        "https,           config dns net",
        "smtp,            config dns net",
        "mtasts.mx,       config dns net",
        "mtasts.dane,     config dns outcome net",
        "mtasts.sts,      config dns https outcome storage net",
        "mtasts.held,     dns net storage",
        "mtasts.waiting,  config dns net storage",
        "mtasts.policy,   config mtasts.mx mtasts.dane mtasts.sts dns outcome smtp storage net",
        "mtasts.delivery, config mtasts.held mtasts.waiting mtasts.policy mtasts.dane mtasts.sts mtasts.mx smtp dns outcome net",
        "mtasts.check,    config mtasts.delivery mtasts.policy mtasts.dane mtasts.sts mtasts.mx rua https smtp storage dns outcome net",
        "mtasts.publish,  config dns mtasts.sts net",
        "install,         config dns storage mtasts",
        "mtasts.cli,      cli config install mtasts storage smtp dns https outcome rua net",
        "page,            dns net storage",
        "web,             cli dns net page storage",
        "mtasts.web,      cli dns net outcome page storage web mtasts"})
    void packageShouldKnowOnlyThePackagesBelow(String name, String below) {
        String[] allowed = Stream.concat(Stream.of(name), Arrays.stream(below.split(" "))).filter(each -> !each.isEmpty())
            .map(each -> "jamestls." + each + "..").toArray(String[]::new);

        classes().that().resideInAPackage("jamestls." + name + "..")
            .should().onlyDependOnClassesThat(resideInAnyPackage(allowed).or(resideOutsideOfPackage("jamestls..")))
            .check(CLASSES);
    }

    @Test
    void jarsShouldLoadInAJamesWithoutWebadmin() {
        noClasses().that().resideOutsideOfPackage("jamestls..web..")
            .should().dependOnClassesThat().resideInAnyPackage("org.apache.james.webadmin..", "spark..", "jamestls.web..",
                "jamestls.mtasts.web..").check(CLASSES);
    }

    @Test
    void routesShouldNotUseTheServletApi() {
        noClasses().should().dependOnClassesThat().resideInAnyPackage("javax.servlet..", "jakarta.servlet..", "org.eclipse.jetty..")
            .because("it is javax in James 3.8 and jakarta in 3.9, and Spark hides which").check(CLASSES);
    }

    @Test
    void decisionsShouldBePure() {
        noClasses()
            .that().haveSimpleName("PolicyDecider").or().haveSimpleName("Verdict").or().haveSimpleName("TlsDemand")
            .should().dependOnClassesThat().resideInAnyPackage("java.io..", "java.nio..", "java.net..", "java.util.concurrent..")
            .orShould().callMethod(Instant.class, "now").orShould().callMethod(System.class, "currentTimeMillis")
            .check(CLASSES);
    }

    /** So that nothing of a stranger reaches a log as it came. */
    @Test
    void logsShouldBeWrittenThroughOneClassThatCleansThem() {
        noClasses().that().doNotHaveFullyQualifiedName(SanitizedLogger.class.getName())
            .should().dependOnClassesThat().resideInAnyPackage("org.slf4j..", "org.apache.logging..", "org.apache.commons.logging..")
            .orShould().callMethod(Throwable.class, "printStackTrace").check(CLASSES);
        noClasses().that().doNotHaveSimpleName("PostgresEngine")
            .should().dependOnClassesThat().resideInAnyPackage("java.util.logging..")
            .because("that one only silences the driver's log").check(CLASSES);
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
