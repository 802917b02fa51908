package jamestls.install;

import jamestls.config.ConfigurationException;
import jamestls.config.JamesConf;
import jamestls.config.Parameters;
import jamestls.config.Parameters.Mistake;
import jamestls.config.Variables;
import jamestls.install.MailetContainer.Mailet;
import jamestls.install.XmlSource.Element;
import jamestls.mtasts.OutboundSettings;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds parameter values of the two mailets with which James would not start, by the code that reads them at start. Opens no files
 * but those that parameters name.
 */
final class ParameterChecks {

    /** Readers of the parameters of the mailets in the other jar, which may be missing: see {@link #reporting}. */
    private static final Map<String, String> REPORTING_SETTINGS = Map.of("TlsReporting", "jamestls.tlsrpt.send.TlsReportingSettings",
        "TlsReportInbox", "jamestls.tlsrpt.inbox.InboxSettings");
    /** Placeholders for values that are unknown here but without which other parameters would be refused. */
    private static final Map<String, String> STAND_INS =
        Map.of("gateway", "gateway.invalid", "gatewayUsername", "unknown", "gatewayPassword", "unknown", "organization", "unknown",
            "contact", "unknown@unknown.invalid");

    private final MailetContainer container;
    private final JamesConf conf;

    /** @param container to whose lines the findings refer */
    ParameterChecks(MailetContainer container, JamesConf conf) {
        this.container = container;
        this.conf = conf;
    }

    /**
     * The parameters of a mailet, with variables filled in as James does.
     *
     * @param unset names of the parameters whose value has a variable that is not set here
     */
    private record Written(Map<String, String> values, Set<String> unset) {

        static Written of(Mailet mailet) {
            Map<String, String> values = new LinkedHashMap<>();
            Set<String> unset = new TreeSet<>();
            for (Element parameter : mailet.element().children()) {
                String name = DeliveryTranslation.translated(parameter.name());
                String value = Variables.ofProcess().filledIn(parameter.value());
                if (!Variables.hasUnset(value)) {
                    // James joins elements with the same name into a list
                    values.merge(parameter.name(), value, (one, other) -> one + "," + other);
                } else {
                    unset.add(name);
                    Optional.ofNullable(STAND_INS.get(name)).ifPresent(standIn -> values.put(name, standIn));
                }
            }
            if (unset.contains("trustStorePassword")) {
                values.remove("trustStore");
            }
            if (unset.contains("contact")) {
                // "from" must be in the domain of the contact, which is unknown
                values.remove("from");
            }
            if (unset.contains("gatewayTokenFile")) {
                // gatewayUsername needs a password or a token file
                values.putIfAbsent("gatewayPassword", STAND_INS.get("gatewayPassword"));
            }
            return new Written(values, unset);
        }
    }

    /**
     * The wrong values of a delivery.
     *
     * @param mailet a SecureRemoteDelivery
     * @param place the mailet in the file: the same one, or the RemoteDelivery that it is translated from
     */
    List<Finding> delivery(Mailet mailet, Mailet place) {
        Written written = Written.of(mailet);
        return OutboundSettings.mistakes(written.values, conf::locate).stream()
            .filter(mistake -> !written.unset.contains(mistake.parameter())).map(mistake -> finding(mistake, place)).toList();
    }

    /** Parameters that can't be checked, because a variable in their value is not set in this process. */
    List<Finding> unset(Mailet mailet) {
        return Written.of(mailet).unset.stream().map(name -> Finding.advice(container.file().path(), container.line(at(mailet, name)),
            "parameter '" + name + "' was not checked: it uses a variable that is not set here",
            "run doctor in the environment that James runs in")).toList();
    }

    /**
     * The wrong values of a TlsReporting or TlsReportInbox. The class that reads them is in the other jar, which is not on
     * the class path and is loaded here from the same directory.
     */
    List<Finding> reporting(Mailet mailet) {
        Written written = Written.of(mailet);
        String name = name(mailet);
        Parameters parameters = new Parameters(name, written.values, Parameters.ForeignNames.NONE, conf::locate);
        ClassLoader own = ParameterChecks.class.getClassLoader();
        try (URLClassLoader loader = new URLClassLoader(beside(own), own)) {
            Method reader = Class.forName(REPORTING_SETTINGS.get(name), true, loader).getMethod("of", Parameters.class, List.class);
            reader.invoke(null, parameters, List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 53)));
        } catch (InvocationTargetException e) {
            if (!(e.getCause() instanceof ConfigurationException)) {
                return List.of(unchecked(mailet));
            }
        } catch (IOException | ReflectiveOperationException | LinkageError | Refusal e) {
            return List.of(unchecked(mailet));
        }
        List<Finding> findings = new ArrayList<>(parameters.mistakes().stream()
            .filter(mistake -> !written.unset.contains(mistake.parameter())).map(mistake -> finding(mistake, mailet)).toList());
        for (Element parameter : mailet.element().children()) {
            if (!DeliveryTranslation.OF_JAMES.contains(parameter.name())) {
                parameters.objection(parameter.name()).ifPresent(objection -> findings.add(Finding.problem(container.file().path(),
                    container.line(parameter), name + " does not have the parameter " + parameter.name(), objection)));
            }
        }
        return findings;
    }

    private static URL[] beside(ClassLoader own) throws IOException, Refusal {
        if (own.getResource(REPORTING_SETTINGS.get("TlsReporting").replace('.', '/') + ".class") != null) {
            return new URL[0];
        }
        Optional<Path> jar = ExtensionJars.running().map(jars -> jars.tlsrpt().file());
        return jar.isPresent() ? new URL[] {jar.get().toUri().toURL()} : new URL[0];
    }

    private static String name(Mailet mailet) {
        String type = mailet.element().attribute("class");
        return type.substring(type.lastIndexOf('.') + 1);
    }

    private Finding unchecked(Mailet mailet) {
        return Finding.advice(container.file().path(), container.line(mailet.element()),
            "the values of " + name(mailet) + " were not checked",
            "put the jar of tlsrpt-mailet of the same version into the directory of this jar");
    }

    private Finding finding(Mistake mistake, Mailet place) {
        return Finding.problem(container.file().path(), container.line(at(place, mistake.parameter())),
            "James does not start: " + mistake.text(), "write an allowed value, or remove the parameter");
    }

    /** The element of a parameter of SecureRemoteDelivery, whatever its name in the file; the mailet if it has none. */
    private static Element at(Mailet mailet, String parameter) {
        return mailet.element().children().stream().filter(each -> DeliveryTranslation.translated(each.name()).equals(parameter))
            .findFirst().orElse(mailet.element());
    }
}
