package jamestls.mtasts.cli;

import jamestls.config.ConfigurationException;
import jamestls.config.JamesConf;
import jamestls.config.Parameters;
import jamestls.mtasts.SecureRemoteDelivery;
import jamestls.mtasts.StockNames;
import jamestls.mtasts.policy.RuleSettings;
import jamestls.storage.DatabaseAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options that name the database of a server. */
final class ServerOptions {

    private static final List<String> NAMES = List.of("database", "databaseUser", "databasePassword");

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--conf", paramLabel = "DIR",
        description = "James's conf/, whose SecureRemoteDelivery names the database; default: conf or ../conf")
    private Path conf;

    @Option(names = "--set", paramLabel = "NAME=VALUE",
        description = "database, databaseUser or databasePassword; wins over --conf. Once for each")
    private Map<String, String> set = new LinkedHashMap<>();

    /** The rules per destination of its configuration; none if only a database is named. */
    RuleSettings rules(Instant now) throws ConfigurationException {
        Optional<JamesConf> james = conf != null ? Optional.of(JamesConf.at(conf)) : JamesConf.find();
        if (james.isEmpty() || conf == null && set.containsKey("database")) {
            return RuleSettings.none();
        }
        Parameters parameters = new Parameters(SecureRemoteDelivery.NAME, james.get().mailet(SecureRemoteDelivery.NAME).parameters(),
            new StockNames(), james.get()::locate);
        return RuleSettings.of(parameters, RuleSettings.mandatoryDane(parameters), now);
    }

    /** @throws ConfigurationException when the configuration of the server can't be read, or it has no database */
    DatabaseAddress database() throws ConfigurationException {
        set.keySet().stream().filter(name -> !NAMES.contains(name)).findFirst().ifPresent(name -> {
            throw new ParameterException(spec.commandLine(), "--set " + name + ": only " + String.join(", ", NAMES) + " can be set here");
        });
        Optional<JamesConf> james = conf != null ? Optional.of(JamesConf.at(conf)) : JamesConf.find();
        if (james.isEmpty() && !set.containsKey("database")) {
            throw new ParameterException(spec.commandLine(), "there is neither conf/mailetcontainer.xml nor ../conf/mailetcontainer.xml: "
                + "name James's conf/ with --conf, or a database with --set database=…");
        }
        Map<String, String> values = new LinkedHashMap<>();
        if (james.isPresent() && (conf != null || !set.containsKey("database"))) {
            values.putAll(james.get().mailet(SecureRemoteDelivery.NAME).parameters());
            values.keySet().retainAll(NAMES);
        }
        values.putAll(set);
        JamesConf files = james.orElseGet(() -> JamesConf.at(Path.of("conf")));
        Parameters parameters = new Parameters(SecureRemoteDelivery.NAME, values, new StockNames(), files::locate);
        Optional<DatabaseAddress> address = DatabaseAddress.of(parameters, "file://var/jamestls.sqlite");
        parameters.check();
        return address.orElseThrow(() -> new ConfigurationException("this server keeps everything in memory (database=memory), where no "
            + "command can look: ask its webadmin"));
    }
}
