package jamestls.smtp;

import jamestls.net.Sanitized;
import jamestls.smtp.Envelope.BodyType;
import jamestls.smtp.Envelope.EsmtpParameter;
import jamestls.smtp.Envelope.RequireTls;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.Transmission.Obstacle;
import jamestls.smtp.Transmission.Unsendable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The commands of one envelope for one server: MAIL, RCPT for each recipient, DATA, with the parameters that server offers. */
final class EnvelopeCommands {

    private static final int MAX_ADDRESS = 500;
    /** Not the grammar of RFC 5321 §4.1.2, only what keeps an address inside its brackets. */
    private static final Pattern ADDRESS = Pattern.compile(
        "(?:\"(?:[^\"\\\\\\p{C}\\p{Zl}\\p{Zp}]|\\\\[^\\p{C}\\p{Zl}\\p{Zp}])*+\"|[^\\p{C}\\p{Z}<>\"@\\\\]++)@[^\\p{C}\\p{Z}<>\"@\\\\]++");

    private final Envelope envelope;
    private final Capabilities capabilities;
    private final List<String> addresses;
    private final String mail;
    /** In the order of the recipients. */
    private final List<String> rcpts;

    EnvelopeCommands(Envelope envelope, Capabilities capabilities) {
        this.envelope = envelope;
        this.capabilities = capabilities;
        this.addresses = Stream.concat(envelope.sender().stream(), envelope.recipients().stream()).toList();
        this.mail = mail();
        this.rcpts = envelope.recipients().stream().map(this::rcpt).toList();
    }

    /** One command, its phase, and the recipient it names (empty for MAIL and DATA). */
    record Step(Phase phase, String recipient, CommandLine command) {
    }

    /** The reason why this envelope can't be sent to this server, if there is one. */
    Optional<Unsendable> obstacle() {
        for (String address : addresses) {
            if (address.length() > MAX_ADDRESS || !ADDRESS.matcher(address).matches()) {
                return unsendable(Obstacle.MALFORMED, "not an address: '" + Sanitized.line(address, 100) + "'");
            }
            if (!isAscii(address) && !capabilities.offers("SMTPUTF8")) {
                return unsendable(Obstacle.NO_SMTPUTF8, "the server does not offer SMTPUTF8 for '" + Sanitized.line(address, 100) + "'");
            }
        }
        return Stream.concat(envelope.parameters().ofMail().stream(),
            envelope.parameters().ofRecipients().values().stream().flatMap(List::stream))
            .filter(parameter -> !parameter.isWellFormed())
            .findFirst()
            .flatMap(bad -> unsendable(Obstacle.MALFORMED, "not a parameter: '" + Sanitized.line(bad.text(), 100) + "'"))
            .or(this::withoutRequireTls)
            .or(this::tooLarge)
            .or(this::tooLong);
    }

    /** In the order in which they are sent. */
    List<Step> steps() {
        List<Step> steps = new ArrayList<>(envelope.recipients().size() + 2);
        steps.add(new Step(Phase.MAIL, "", new CommandLine(mail)));
        for (int i = 0; i < rcpts.size(); i++) {
            steps.add(new Step(Phase.RCPT, envelope.recipients().get(i), new CommandLine(rcpts.get(i))));
        }
        steps.add(new Step(Phase.DATA, "", new CommandLine("DATA")));
        return steps;
    }

    private String mail() {
        StringBuilder command = new StringBuilder("MAIL FROM:<").append(envelope.sender().orElse("")).append('>');
        if (envelope.size().isPresent() && capabilities.offers("SIZE")) {
            command.append(" SIZE=").append(envelope.size().getAsLong());
        }
        if (envelope.body() == BodyType.EIGHT_BIT && capabilities.offers("8BITMIME")) {
            command.append(" BODY=8BITMIME");
        }
        if (!addresses.stream().allMatch(EnvelopeCommands::isAscii)) {
            command.append(" SMTPUTF8");
        }
        if (envelope.requireTls() == RequireTls.YES
                || envelope.requireTls() == RequireTls.IF_OFFERED && capabilities.offers("REQUIRETLS")) {
            command.append(" REQUIRETLS");
        }
        return command.append(offered(envelope.parameters().ofMail())).toString();
    }

    private String rcpt(String recipient) {
        return "RCPT TO:<" + recipient + ">" + offered(envelope.parameters().ofRecipients().getOrDefault(recipient, List.of()));
    }

    private String offered(List<EsmtpParameter> parameters) {
        StringBuilder text = new StringBuilder();
        parameters.stream().filter(parameter -> capabilities.offers(parameter.extension()))
            .forEach(parameter -> text.append(' ').append(parameter.text()));
        return text.toString();
    }

    private Optional<Unsendable> withoutRequireTls() {
        return envelope.requireTls() == RequireTls.YES && !capabilities.offers("REQUIRETLS")
            ? unsendable(Obstacle.NO_REQUIRETLS, "the server does not offer REQUIRETLS under TLS") : Optional.empty();
    }

    private Optional<Unsendable> tooLarge() {
        OptionalLong limit = capabilities.largestMail();
        return limit.isPresent() && envelope.size().isPresent() && envelope.size().getAsLong() > limit.getAsLong()
            ? unsendable(Obstacle.TOO_LARGE, "the mail has " + envelope.size().getAsLong() + " bytes, and the server takes "
                + limit.getAsLong() + " at most") : Optional.empty();
    }

    private Optional<Unsendable> tooLong() {
        return Stream.concat(Stream.of(mail), rcpts.stream())
            .filter(command -> command.length() > CommandLine.MAX)
            .findFirst()
            .flatMap(command -> unsendable(Obstacle.MALFORMED, "too long: '" + Sanitized.line(command, 100) + "'"));
    }

    private static Optional<Unsendable> unsendable(Obstacle obstacle, String detail) {
        return Optional.of(new Unsendable(obstacle, detail));
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c < 0x80);
    }
}
