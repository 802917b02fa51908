package jamestls.install;

import jamestls.install.XmlSource.Element;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.StockNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes a SecureRemoteDelivery of a RemoteDelivery. A parameter keeps its effect; one that never had an effect, or has none here,
 * goes; one whose meaning can't be kept without somebody's decision is a finding. docs/configuration.md has the table.
 */
final class DeliveryTranslation {

    static final String CLASS = "jamestls.mtasts.SecureRemoteDelivery";

    /** Parameters that James reads itself, of every mailet. */
    static final Set<String> OF_JAMES = Set.of("onMailetException", "onMatchException");
    private static final Set<String> ONLY_WITH_GATEWAY = Set.of("gatewayPort", "gatewayUsername", "gatewayusername", "gatewayPassword",
        "gatewayAuthInClear");
    private static final Pattern PROPERTY = Pattern.compile("mail\\.(?:smtps?\\.)?(.+)");
    /** What stock code never read, by the name that its samples should have had. */
    private static final Map<String, String> MISSPELT = Map.of("outgoingQueue", "outgoing", "connectionTimeout", "connectiontimeout");
    private static final Map<String, String> PROPERTIES =
        Map.of("ssl.enable", "sslEnable", "ssl.checkserveridentity", "verifyServerIdentity");

    private final ConfFile file;
    private final Element mailet;
    private final TextEdits edits;
    private final List<String> steps;
    private final List<Finding> problems = new ArrayList<>();
    private final boolean gateway;

    private DeliveryTranslation(ConfFile file, Element mailet, TextEdits edits, List<String> steps) {
        this.file = file;
        this.mailet = mailet;
        this.edits = edits;
        this.steps = steps;
        this.gateway = mailet.child("gateway").filter(each -> !each.value().isEmpty()).isPresent();
    }

    /**
     * @param edits gets the edits
     * @param steps gets a sentence for each, with its line
     * @return what needs a decision; if there is anything, the edits are not to be applied
     */
    static List<Finding> translate(ConfFile file, Element mailet, TextEdits edits, List<String> steps) {
        DeliveryTranslation translation = new DeliveryTranslation(file, mailet, edits, steps);
        translation.type();
        for (Element parameter : mailet.children()) {
            translation.parameter(parameter);
        }
        return translation.problems;
    }

    /** What a parameter of RemoteDelivery is called in SecureRemoteDelivery. */
    static String here(String name) {
        Matcher property = PROPERTY.matcher(name);
        String renamed = property.matches() ? PROPERTIES.get(property.group(1)) : null;
        return Optional.ofNullable(MISSPELT.get(name)).or(() -> Optional.ofNullable(renamed)).or(() -> new StockNames().here(name))
            .orElse(name);
    }

    private void type() {
        XmlSource.Attribute type = mailet.attributes().get("class");
        edits.replace(type.start(), type.end(), CLASS);
        step(mailet, type.value() + " becomes " + CLASS);
    }

    private void parameter(Element parameter) {
        String name = parameter.name();
        Matcher property = PROPERTY.matcher(name);
        if (OF_JAMES.contains(name)) {
            return;
        }
        if (MISSPELT.containsKey(name)) {
            String right = MISSPELT.get(name);
            if (mailet.child(right).isPresent()) {
                remove(parameter, "RemoteDelivery never read it, and " + right + " is there");
            } else {
                rename(parameter, right);
            }
        } else if (name.equals("deliveryThreads")) {
            remove(parameter, "RemoteDelivery never read it; the most deliveries at once are 'deliveries', 256 if not given");
        } else if (property.matches() && PROPERTIES.containsKey(property.group(1))) {
            tls(parameter, PROPERTIES.get(property.group(1)));
        } else if (Set.of("startTLS", "sslEnable", "verifyServerIdentity", "sslTrustAllCerts").contains(name)) {
            tls(parameter, name);
        } else if (ONLY_WITH_GATEWAY.contains(name) && !gateway) {
            remove(parameter, "it has no meaning without 'gateway'");
        } else {
            objection(parameter, property.matches());
        }
    }

    private void tls(Element parameter, String name) {
        boolean on = parameter.value().equalsIgnoreCase("true");
        boolean off = parameter.value().equalsIgnoreCase("false");
        if (name.equals("startTLS") && off) {
            remove(parameter, "STARTTLS is used wherever a server offers it");
        } else if (name.equals("sslTrustAllCerts") && on) {
            if (gateway && mailet.child("verifyServerIdentity").isEmpty()) {
                edits.replace(parameter.start(), parameter.end(), "<verifyServerIdentity>false</verifyServerIdentity>");
                step(parameter, "sslTrustAllCerts true becomes verifyServerIdentity false");
            } else {
                remove(parameter, "certificates of MX hosts are verified where a policy asks for it");
            }
        } else if (name.equals("sslEnable") && on && !gateway) {
            remove(parameter, "TLS from the first byte is for a gateway; MX hosts have STARTTLS");
        } else if (name.equals("verifyServerIdentity") && on && !gateway) {
            remove(parameter, "the policy of the recipient domain decides what is verified at MX hosts");
        } else if (!name.equals(parameter.name())) {
            rename(parameter, name);
        }
    }

    private void objection(Element parameter, boolean property) {
        Optional<String> objection = Outbound.Settings.objection(parameter.name());
        if (objection.isEmpty()) {
            return;
        }
        if (!property) {
            remove(parameter, "RemoteDelivery does not know this parameter");
        } else if (objection.get().startsWith("leave it out")) {
            remove(parameter, objection.get().replaceFirst("leave it out[;:] ", ""));
        } else {
            problems.add(Finding.problem(file.path(), file.line(parameter.start()), "RemoteDelivery has the parameter " + parameter.name()
                + ", which SecureRemoteDelivery does not have", objection.get()));
        }
    }

    private void rename(Element parameter, String name) {
        int start = parameter.start() + 1;
        edits.replace(start, start + parameter.name().length(), name);
        if (!parameter.isEmptyTag()) {
            int end = parameter.closeStart() + 2;
            edits.replace(end, end + parameter.name().length(), name);
        }
        step(parameter, parameter.name() + " becomes " + name);
    }

    private void remove(Element parameter, String why) {
        edits.removeWithLines(parameter.start(), parameter.end());
        step(parameter, parameter.name() + " goes: " + why);
    }

    private void step(Element element, String what) {
        steps.add(file.path().getFileName() + ":" + file.line(element.start()) + ": " + what);
    }
}
