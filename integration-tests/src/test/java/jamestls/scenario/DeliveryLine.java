package jamestls.scenario;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A line that SecureRemoteDelivery logged about one host it tried, or about the mail as a whole (then {@code mx} is "-").
 *
 * @param tls none, unauthenticated, authenticated, or "-"
 * @param result delivered, partial, skipped, cleartext, deferred or bounced
 * @param cause why, in words; empty if there is nothing to explain
 */
public record DeliveryLine(String domain, String mx, String ip, String tls, String policy, String result, String cause) {

    private static final Pattern LINE = Pattern.compile(".* delivery id=\\S+ domain=(?<domain>\\S+) mx=(?<mx>\\S+) ip=(?<ip>\\S+)"
        + " tls=(?<tls>\\S+) policy=(?<policy>\\S+) result=(?<result>\\S+) reply=\"[^\"]*\" ms=\\d+ cause=\"(?<cause>[^\"]*)\".*");

    static Optional<DeliveryLine> parse(String line) {
        Matcher matcher = LINE.matcher(line);
        return matcher.matches()
            ? Optional.of(new DeliveryLine(matcher.group("domain"), matcher.group("mx"), matcher.group("ip"), matcher.group("tls"),
                matcher.group("policy"), matcher.group("result"), matcher.group("cause")))
            : Optional.empty();
    }

    /** The lines about mail to that domain, in order. */
    static List<DeliveryLine> about(String domain, List<String> log) {
        return log.stream().map(DeliveryLine::parse).flatMap(Optional::stream).filter(line -> line.domain().equals(domain)).toList();
    }

    /** Whether this line says how the mail ended, for now. */
    boolean isFinal() {
        return switch (result) {
            case "delivered", "partial", "deferred", "bounced" -> true;
            default -> false;
        };
    }
}
