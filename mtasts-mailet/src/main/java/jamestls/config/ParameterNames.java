package jamestls.config;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The names that the parameters of a mailet may have, and what is said of others. Knows no class of James, so that the command
 * line refuses the same in the same words.
 */
public final class ParameterNames {

    private static final List<String> DELIVERY = List.of(
        "database", "databaseUser", "databasePassword", "policyUnusedAfter",
        "gateway", "gatewayPort", "gatewayUsername", "gatewayPassword", "gatewayAuthInClear", "loadBalancing", "startTLS", "sslEnable",
        "verifyServerIdentity", "sslTrustAllCerts",
        "outgoing", "delayTime", "maxRetries", "maxDnsProblemRetries", "timeout", "connectiontimeout", "bounceProcessor", "onSuccess",
        "heloName", "bind", "usePriority", "chunking", "sendpartial", "debug", "deliveries", "deliveriesPerDestination", "mailsInHand",
        "reuseMails", "reuseIdle", "reuseAge", "dnsServers", "smtpPort", "policyPort", "policyFetchTimeout", "trustStore",
        "trustStorePassword", "allowPrivateAddresses", "dnssec", "trustAnchors", "dane", "insecureMx", "mandatoryDane");

    /** What stock samples have and stock code never reads, each with what to write instead. */
    private static final Map<String, String> DECLINED = Map.of(
        "deliveryThreads", "write 'deliveries', the most deliveries at once; waiting costs no thread",
        "outgoingQueue", "write 'outgoing'; stock RemoteDelivery reads that name, too, whatever its samples say",
        "connectionTimeout", "write 'connectiontimeout'; stock RemoteDelivery reads that name, too");

    private final Collection<String> known;
    private final Function<String, Optional<String>> declined;
    private final Function<String, Optional<String>> renamed;

    private ParameterNames(Collection<String> known, Function<String, Optional<String>> declined,
                           Function<String, Optional<String>> renamed) {
        this.known = List.copyOf(known);
        this.declined = declined;
        this.renamed = renamed;
    }

    /** Those of SecureRemoteDelivery, with stock's names for the same. */
    public static ParameterNames ofDelivery() {
        return new ParameterNames(DELIVERY, name -> Optional.ofNullable(DECLINED.get(name)).or(() -> StockNames.objection(name)),
            StockNames::here);
    }

    /**
     * @param known every parameter name the mailet reads
     * @param declined parameters that exist elsewhere, each with a sentence on what to write instead
     */
    static ParameterNames of(Collection<String> known, Map<String, String> declined) {
        return new ParameterNames(known, name -> Optional.ofNullable(declined.get(name)), name -> Optional.empty());
    }

    /**
     * The values by the names they have here. James's own {@code onMailetException} and {@code onMatchException} are left out;
     * what is written under stock's name wins.
     *
     * @param mailet its name, for the message
     * @param written values by name, as they stand there
     * @throws IllegalArgumentException on a name that is unknown or declined, in a sentence that says what to write
     */
    public Map<String, String> accepted(String mailet, Map<String, String> written) {
        Map<String, String> values = new HashMap<>();
        Map<String, String> winning = new HashMap<>();
        written.forEach((name, value) -> {
            if (name.equals("onMailetException") || name.equals("onMatchException")) {
                return;
            }
            if (renamed.apply(name).isPresent()) {
                winning.put(renamed.apply(name).get(), value);
                return;
            }
            objection(name, value).ifPresent(objection -> {
                throw new IllegalArgumentException(mailet + ": " + objection);
            });
            values.put(name, value);
        });
        values.putAll(winning);
        return values;
    }

    /** Why a name is not taken, and what to write instead; empty if it is taken, by this name or as another one. */
    public Optional<String> objection(String name) {
        if (known.contains(name) || renamed.apply(name).isPresent()) {
            return Optional.empty();
        }
        return declined.apply(name).or(() -> Optional.of("there is no such parameter"
            + NearestName.to(name, known).map(near -> "; did you mean '" + near + "'?").orElse("")));
    }

    private Optional<String> objection(String name, String value) {
        String shown = name.toLowerCase(Locale.ROOT).contains("pas") ? "(not shown)" : value;
        if (declined.apply(name).isPresent()) {
            return Optional.of("parameter '" + name + "' (value '" + shown + "') is not supported: " + declined.apply(name).get());
        }
        return known.contains(name) ? Optional.empty() : Optional.of("unknown parameter '" + name + "' (value '" + shown + "')"
            + NearestName.to(name, known).map(near -> "; did you mean '" + near + "'?").orElse(".")
            + " Known parameters: " + String.join(", ", known.stream().sorted().toList()));
    }
}
