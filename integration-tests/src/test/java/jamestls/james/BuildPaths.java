package jamestls.james;

import java.nio.file.Path;

/** What the build tells the tests through system properties (integration-tests/pom.xml). */
final class BuildPaths {

    private BuildPaths() {
    }

    static String required(String property) {
        String value = System.getProperty(property);
        if (value == null) {
            throw new IllegalStateException("system property " + property + " is not set; run through Maven (integration-tests/pom.xml)");
        }
        return value;
    }

    /** {@code james-conf/}, as shipped. */
    static Path shippedConfiguration() {
        return Path.of(required("james.conf"));
    }
}
