package jamestls.config;

import java.util.Optional;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fills in the variables of James's configuration files as James (Commons Configuration) does: {@code ${env:NAME}} from the
 * environment, {@code ${sys:NAME}} from the system properties, and {@code ${env:NAME:-otherwise}} where that is not there. A variable
 * without a value, and one of another kind, stays as it is. A doubled dollar sign in front of a brace stands for a single one.
 */
public final class Variables {

    private static final Pattern VARIABLE = Pattern.compile("(\\$?)\\$\\{(env|sys):([^${}:]+(?::(?!-)[^${}:]+)*)(?::-([^${}]*))?}");

    private final Function<String, Optional<String>> environment;
    private final Function<String, Optional<String>> properties;

    public Variables(Function<String, Optional<String>> environment, Function<String, Optional<String>> properties) {
        this.environment = environment;
        this.properties = properties;
    }

    /** Those of this process. A command sees what James sees only if it is started in the same environment. */
    public static Variables ofProcess() {
        return new Variables(name -> Optional.ofNullable(System.getenv(name)), name -> Optional.ofNullable(System.getProperty(name)));
    }

    /** Whether a variable has stayed in a text after the others were filled in. */
    public static boolean hasUnset(String text) {
        return VARIABLE.matcher(text).find();
    }

    public String filledIn(String text) {
        return VARIABLE.matcher(text).replaceAll(found -> Matcher.quoteReplacement(value(found)));
    }

    private String value(MatchResult variable) {
        if (!variable.group(1).isEmpty()) {
            return variable.group().substring(1);
        }
        Optional<String> value = (variable.group(2).equals("env") ? environment : properties).apply(variable.group(3));
        return value.or(() -> Optional.ofNullable(variable.group(4))).orElse(variable.group());
    }
}
