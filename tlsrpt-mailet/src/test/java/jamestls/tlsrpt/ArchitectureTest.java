package jamestls.tlsrpt;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "jamestls.tlsrpt", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule REPORTING_SHOULD_SEE_ONLY_THE_SHARED_ROOMS_OF_DELIVERY = noClasses().should().dependOnClassesThat()
        .resideInAnyPackage("jamestls.mtasts", "jamestls.mtasts.delivery..", "jamestls.mtasts.policy..",
            "jamestls.mtasts.sts..", "jamestls.mtasts.dane..", "jamestls.mtasts.mx..", "jamestls.mtasts.smtp..", "jamestls.mtasts.cli..");

    @ArchTest
    static final ArchRule ROOMS_SHOULD_NOT_DEPEND_ON_EACH_OTHER_IN_CIRCLES =
        slices().matching("jamestls.tlsrpt.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule NOTHING_SHOULD_KNOW_THE_MAILET = classes().that().resideInAPackage("jamestls.tlsrpt")
        .should().onlyBeAccessed().byAnyPackage("jamestls.tlsrpt");

    @ArchTest
    static final ArchRule STORE_AND_REPORT_SHOULD_NOT_KNOW_JAMES = noClasses()
        .that().resideInAnyPackage("jamestls.tlsrpt.store..", "jamestls.tlsrpt.report..")
        .should().dependOnClassesThat().resideInAnyPackage("org.apache.james..", "org.apache.mailet..", "jakarta..");

    @ArchTest
    static final ArchRule BUNDLED_LIBRARIES_SHOULD_STAY_BEHIND_THE_OTHER_JAR = noClasses().should().dependOnClassesThat()
        .resideInAnyPackage("org.xbill..", "org.apache.hc..", "com.github.benmanes..");
}
