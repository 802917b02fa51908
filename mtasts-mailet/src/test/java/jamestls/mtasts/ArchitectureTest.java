package jamestls.mtasts;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.net.InetAddress;
import java.time.Instant;
import java.util.Arrays;
import java.util.stream.Stream;

/** The doors between the rooms: who may know whom. */
@AnalyzeClasses(packages = "jamestls.mtasts", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule NOTHING_FLOWS_BACK_UP = slices().matching("jamestls.mtasts.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule DNS_KNOWS_NOBODY = room("dns");

    @ArchTest
    static final ArchRule STORAGE_KNOWS_NOBODY = room("storage");

    @ArchTest
    static final ArchRule OUTCOMES_KNOW_NAMES_ONLY = room("outcome", "dns");

    @ArchTest
    static final ArchRule CONFIGURATION_KNOWS_NOBODY = room("config");

    @ArchTest
    static final ArchRule HTTPS_KNOWS_DNS = room("https", "dns");

    @ArchTest
    static final ArchRule MX_KNOWS_DNS = room("mx", "dns");

    @ArchTest
    static final ArchRule SMTP_KNOWS_NO_POLICY = room("smtp", "dns");

    @ArchTest
    static final ArchRule STS_KNOWS_HOW_TO_FETCH = room("sts", "dns", "https", "outcome", "storage");

    @ArchTest
    static final ArchRule POLICY_DECIDES_AND_JUDGES = room("policy", "sts", "dns", "outcome", "smtp");

    @ArchTest
    static final ArchRule DELIVERY_USES_THE_ROOMS = room("delivery", "policy", "sts", "mx", "smtp", "dns", "outcome", "config");

    @ArchTest
    static final ArchRule DECISIONS_ARE_PURE = noClasses()
        .that().haveSimpleName("PolicyDecider").or().haveSimpleName("Verdict").or().haveSimpleName("TlsDemand")
        .should().dependOnClassesThat().resideInAnyPackage("java.io..", "java.nio..", "java.net..", "java.util.concurrent..")
        .orShould().callMethod(Instant.class, "now").orShould().callMethod(System.class, "currentTimeMillis");

    @ArchTest
    static final ArchRule THE_JVM_NEVER_RESOLVES = noClasses().should()
        .callMethod(InetAddress.class, "getByName", String.class)
        .orShould().callMethod(InetAddress.class, "getAllByName", String.class)
        .because("names are resolved by our own Dns, whose answers are bounded, vetted and know their DNSSEC state");

    private static ArchRule room(String room, String... mayKnow) {
        String[] allowed = Stream.concat(Stream.of("jamestls.mtasts." + room + ".."),
            Arrays.stream(mayKnow).map(other -> "jamestls.mtasts." + other + "..")).toArray(String[]::new);
        return classes().that().resideInAPackage("jamestls.mtasts." + room + "..")
            .should().onlyDependOnClassesThat(resideInAnyPackage(allowed)
                .or(resideOutsideOfPackage("jamestls..")))
            .allowEmptyShould(false);
    }
}
