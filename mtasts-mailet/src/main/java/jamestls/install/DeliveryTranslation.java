package jamestls.install;

import jamestls.install.XmlSource.Element;
import jamestls.mtasts.OutboundSettings;
import jamestls.mtasts.StockNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Translates a RemoteDelivery into a SecureRemoteDelivery. A parameter keeps its effect; one that never had an effect, or has none in
 * SecureRemoteDelivery, is removed; one that needs a decision of the operator is a finding. The table is in docs/install.md.
 */
final class DeliveryTranslation {

    static final String CLASS = "jamestls.mtasts.SecureRemoteDelivery";

    /** Parameters of every mailet, read by James. */
    static final Set<String> OF_JAMES = Set.of("onMailetException", "onMatchException");
    private static final Set<String> ONLY_WITH_GATEWAY = Set.of("gatewayPort", "gatewayUsername", "gatewayusername", "gatewayPassword",
        "gatewayAuthInClear");
    private static final Pattern PROPERTY = Pattern.compile("mail\\.(?:smtps?\\.)?(.+)");
    /** Names in the samples of James that RemoteDelivery never read, with the names that it does read. */
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
     * @param edits to which the edits are added
     * @param steps to which a sentence with its line is added for each edit
     * @return what needs a decision; unless it is empty, the edits must not be applied
     */
    static List<Finding> translate(ConfFile file, Element mailet, TextEdits edits, List<String> steps) {
        DeliveryTranslation translation = new DeliveryTranslation(file, mailet, edits, steps);
        translation.replaceClass();
        for (Element parameter : mailet.children()) {
            translation.parameter(parameter);
        }
        return translation.problems;
    }

    /** The name in SecureRemoteDelivery of a parameter of RemoteDelivery. */
    static String translated(String name) {
        Matcher property = PROPERTY.matcher(name);
        String renamed = property.matches() ? PROPERTIES.get(property.group(1)) : null;
        return Optional.ofNullable(MISSPELT.get(name)).or(() -> Optional.ofNullable(renamed)).or(() -> new StockNames().here(name))
            .orElse(name);
    }

    private void replaceClass() {
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
                remove(parameter, "RemoteDelivery never read it, and " + right + " is set");
            } else {
                rename(parameter, right);
            }
        } else if (name.equals("deliveryThreads")) {
            remove(parameter, "RemoteDelivery never read it; 'deliveries' limits concurrent deliveries, default 256");
        } else if (property.matches() && PROPERTIES.containsKey(property.group(1))) {
            tls(parameter, PROPERTIES.get(property.group(1)));
        } else if (Set.of("startTLS", "sslEnable", "verifyServerIdentity", "sslTrustAllCerts").contains(name)) {
            tls(parameter, name);
        } else if (ONLY_WITH_GATEWAY.contains(name) && !gateway) {
            remove(parameter, "it has no effect without 'gateway'");
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
                remove(parameter, "certificates of MX hosts are verified if a policy requires it");
            }
        } else if (name.equals("sslEnable") && on && !gateway) {
            remove(parameter, "implicit TLS is for a gateway; MX hosts use STARTTLS");
        } else if (name.equals("verifyServerIdentity") && on && !gateway) {
            remove(parameter, "the policy of the recipient domain decides whether MX hosts are verified");
        } else if (!name.equals(parameter.name())) {
            rename(parameter, name);
        }
    }

    private void objection(Element parameter, boolean property) {
        Optional<String> objection = OutboundSettings.objection(parameter.name());
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
        step(parameter, parameter.name() + " is removed: " + why);
    }

    private void step(Element element, String what) {
        steps.add(file.path().getFileName() + ":" + file.line(element.start()) + ": " + what);
    }
}
