package jamestls.install;

import jamestls.config.ConfigurationException;
import jamestls.config.JamesConf;
import jamestls.config.Parameters;
import jamestls.config.Parameters.Mistake;
import jamestls.config.Variables;
import jamestls.install.MailetContainer.Mailet;
import jamestls.install.XmlSource.Element;
import jamestls.mtasts.Outbound;
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
 * Reads the parameters of the two mailets by the code that reads them when James starts, and finds the values for which it would not
 * start. Opens nothing but files that parameters name.
 */
final class ParameterChecks {

    /** In another jar, which may be out of reach: see {@link #reporting}. */
    private static final String REPORTING_SETTINGS = "jamestls.tlsrpt.send.TlsReportingSettings";
    /** Taken for values that are not known here, where other parameters depend on whether they are there. */
    private static final Map<String, String> STAND_INS =
        Map.of("gateway", "gateway.invalid", "gatewayUsername", "unknown", "gatewayPassword", "unknown", "organization", "unknown",
            "contact", "unknown@unknown.invalid");

    private final MailetContainer container;
    private final JamesConf conf;

    /** @param container whose lines are told */
    ParameterChecks(MailetContainer container, JamesConf conf) {
        this.container = container;
        this.conf = conf;
    }

    /**
     * Parameters as James will see them.
     *
     * @param unset names of those whose value has a variable that is not set here
     */
    private record Written(Map<String, String> values, Set<String> unset) {

        static Written of(Mailet mailet) {
            Map<String, String> values = new LinkedHashMap<>();
            Set<String> unset = new TreeSet<>();
            for (Element parameter : mailet.element().children()) {
                String name = DeliveryTranslation.here(parameter.name());
                String value = Variables.ofProcess().filledIn(parameter.value());
                if (!Variables.hasUnset(value)) {
                    // James makes a list of elements with one name
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
                // it must be in the domain of the contact
                values.remove("from");
            }
            if (unset.contains("gatewayTokenFile")) {
                // a user needs one of the two
                values.putIfAbsent("gatewayPassword", STAND_INS.get("gatewayPassword"));
            }
            return new Written(values, unset);
        }
    }

    /**
     * What is wrong in a delivery.
     *
     * @param mailet a SecureRemoteDelivery
     * @param place the mailet of the container that it is, or is made of
     */
    List<Finding> delivery(Mailet mailet, Mailet place) {
        Written written = Written.of(mailet);
        return Outbound.Settings.mistakes(written.values, conf::locate).stream()
            .filter(mistake -> !written.unset.contains(mistake.parameter())).map(mistake -> finding(mistake, place)).toList();
    }

    /** Parameters that can't be checked here, because of a variable that only James's environment has. */
    List<Finding> unset(Mailet mailet) {
        return Written.of(mailet).unset.stream().map(name -> Finding.advice(container.file().path(), container.line(at(mailet, name)),
            "parameter '" + name + "' was not checked: it has a variable that is not set here",
            "run doctor in the environment that James runs in")).toList();
    }

    /**
     * What is wrong in a TlsReporting. Its jar is not on the class path of this one, so it is loaded for this question from where it
     * lies beside.
     */
    List<Finding> reporting(Mailet mailet) {
        Written written = Written.of(mailet);
        Parameters parameters = new Parameters("TlsReporting", written.values, Parameters.ForeignNames.NONE, conf::locate);
        ClassLoader own = ParameterChecks.class.getClassLoader();
        try (URLClassLoader loader = new URLClassLoader(beside(own), own)) {
            Method reader = Class.forName(REPORTING_SETTINGS, true, loader).getMethod("of", Parameters.class, List.class);
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
                    container.line(parameter), "TlsReporting does not have the parameter " + parameter.name(), objection)));
            }
        }
        return findings;
    }

    private static URL[] beside(ClassLoader own) throws IOException, Refusal {
        if (own.getResource(REPORTING_SETTINGS.replace('.', '/') + ".class") != null) {
            return new URL[0];
        }
        Optional<Path> jar = ExtensionJars.running().map(jars -> jars.tlsrpt().file());
        return jar.isPresent() ? new URL[] {jar.get().toUri().toURL()} : new URL[0];
    }

    private Finding unchecked(Mailet mailet) {
        return Finding.advice(container.file().path(), container.line(mailet.element()), "the values of TlsReporting were not checked",
            "put the jar of tlsrpt-mailet beside this one, of the same version");
    }

    private Finding finding(Mistake mistake, Mailet place) {
        return Finding.problem(container.file().path(), container.line(at(place, mistake.parameter())),
            "James does not start: " + mistake.text(), "write what is allowed, or leave the parameter out");
    }

    /** The parameter, by the name it has here; the mailet if it is not written. */
    private static Element at(Mailet mailet, String parameter) {
        return mailet.element().children().stream().filter(each -> DeliveryTranslation.here(each.name()).equals(parameter)).findFirst()
            .orElse(mailet.element());
    }
}
