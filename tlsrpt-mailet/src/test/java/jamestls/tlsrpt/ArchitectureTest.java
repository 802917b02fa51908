package jamestls.tlsrpt;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Allowed dependencies between packages. Plain tests, so that filters of test runs do not skip them. */
class ArchitectureTest {

    private static final JavaClasses CLASSES =
        new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("jamestls.tlsrpt");

    @Test
    void reportingShouldUseOnlyTheSharedPackagesOfDelivery() {
        noClasses().should().dependOnClassesThat().resideInAnyPackage("jamestls.mtasts", "jamestls.mtasts.delivery..",
            "jamestls.mtasts.policy..", "jamestls.mtasts.sts..", "jamestls.mtasts.dane..", "jamestls.mtasts.mx..",
            "jamestls.smtp..", "jamestls.mtasts.cli..", "jamestls.mtasts.web..").check(CLASSES);
    }

    /** So that nothing of a stranger reaches a log as it came. */
    @Test
    void logsShouldBeWrittenThroughOneClassThatCleansThem() {
        noClasses().should().dependOnClassesThat().resideInAnyPackage("org.slf4j..", "java.util.logging..", "org.apache.logging..",
            "org.apache.commons.logging..").orShould().callMethod(Throwable.class, "printStackTrace").check(CLASSES);
    }

    @Test
    void packagesShouldBeFreeOfCycles() {
        slices().matching("jamestls.tlsrpt.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void onlyRoutesShouldUseTheMailet() {
        classes().that().resideInAPackage("jamestls.tlsrpt").should().onlyBeAccessed()
            .byAnyPackage("jamestls.tlsrpt", "jamestls.tlsrpt.web").check(CLASSES);
    }

    @Test
    void jarShouldLoadInAJamesWithoutWebadmin() {
        noClasses().that().resideOutsideOfPackage("jamestls.tlsrpt.web..").should().dependOnClassesThat().resideInAnyPackage(
            "org.apache.james.webadmin..", "org.apache.james.task..", "org.apache.james.server.task..", "spark..", "jamestls.web..",
            "jamestls.tlsrpt.web..").check(CLASSES);
    }

    @Test
    void storeAndReportShouldNotUseJames() {
        noClasses().that().resideInAnyPackage("jamestls.tlsrpt.store..", "jamestls.tlsrpt.report..")
            .should().dependOnClassesThat().resideInAnyPackage("org.apache.james..", "org.apache.mailet..", "jakarta..")
            .check(CLASSES);
    }

    @Test
    void librariesBundledInTheOtherJarShouldNotBeUsed() {
        noClasses().should().dependOnClassesThat().resideInAnyPackage("org.xbill..", "org.apache.hc..", "com.github.benmanes..")
            .check(CLASSES);
    }
}
