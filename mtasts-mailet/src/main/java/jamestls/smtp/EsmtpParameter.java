package jamestls.smtp;

import java.util.regex.Pattern;

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
