package jamestls.smtp;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * The envelope of one mail: sender, recipients and the parameters of MAIL and RCPT.
 *
 * @param sender the reverse path without brackets; empty is the null reverse path {@code <>}
 * @param recipients forward paths without brackets, at least one
 * @param body for {@code BODY=8BITMIME} (RFC 6152)
 * @param size of the mail in bytes, for {@code SIZE=} (RFC 1870), if known
 * @param requireTls whether to ask for REQUIRETLS (RFC 8689)
 * @param login user and password for AUTH, for servers that require it
 * @param parameters further parameters of MAIL and RCPT
 */
public record Envelope(Optional<String> sender, List<String> recipients, BodyType body, OptionalLong size, RequireTls requireTls,
                       Optional<SmtpCredentials> login, EsmtpParameters parameters) {

    /** What the mail consists of. */
    public enum BodyType { SEVEN_BIT, EIGHT_BIT }

    /** Whether every further hop must use authenticated TLS. */
    public enum RequireTls {
        YES,
        NO,
        /** For bounces, which must not be lost because a server does not know the keyword (RFC 8689 §5). */
        IF_OFFERED
    }

    public Envelope {
        recipients = List.copyOf(recipients);
        if (recipients.isEmpty()) {
            throw new IllegalArgumentException("an envelope has a recipient");
        }
    }

    /** Without any further parameters. */
    public Envelope(Optional<String> sender, List<String> recipients, BodyType body, OptionalLong size, RequireTls requireTls) {
        this(sender, recipients, body, size, requireTls, Optional.empty(), EsmtpParameters.NONE);
    }

    /**
     * Parameters that are sent only to servers that offer their extensions.
     *
     * @param ofMail the parameters of MAIL
     * @param ofRecipients the parameters of RCPT, by recipient
     */
    public record EsmtpParameters(List<EsmtpParameter> ofMail, Map<String, List<EsmtpParameter>> ofRecipients) {

        public static final EsmtpParameters NONE = new EsmtpParameters(List.of(), Map.of());

        public EsmtpParameters {
            ofMail = List.copyOf(ofMail);
            ofRecipients = Map.copyOf(ofRecipients);
        }
    }

    /**
     * A parameter of MAIL or RCPT that is sent only to servers that offer its extension, such as {@code NOTIFY=NEVER} of DSN.
     *
     * @param extension the EHLO keyword, upper case
     * @param text keyword and value as sent, for example {@code RET=HDRS}
     */
    public record EsmtpParameter(String extension, String text) {

        // RFC 5321 §4.1.2, esmtp-param
        private static final Pattern SYNTAX = Pattern.compile("[A-Za-z0-9][A-Za-z0-9-]*+(=[\\x21-\\x3c\\x3e-\\x7e]++)?");

        boolean isWellFormed() {
            return text.length() <= 500 && SYNTAX.matcher(text).matches();
        }
    }
}
