package jamestls.smtp;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A complete reply of a server (RFC 5321 §4.2).
 *
 * @param code 200 to 599
 * @param lines the text after the code, one per line, at least one; sanitized, without control characters
 */
public record SmtpReply(int code, List<String> lines) {

    private static final Pattern ENHANCED = Pattern.compile("([245]\\.[0-9]{1,3}\\.[0-9]{1,3})(?: .*)?");

    public SmtpReply {
        lines = List.copyOf(lines);
        if (code < 200 || code > 599 || lines.isEmpty()) {
            throw new IllegalArgumentException("no SMTP reply: " + code);
        }
    }

    public boolean isPositive() {
        return code < 400;
    }

    public boolean isTransient() {
        return code >= 400 && code < 500;
    }

    public boolean isPermanent() {
        return code >= 500;
    }

    /** The enhanced status code (RFC 2034) of the first line, such as {@code 4.7.1}, if its class fits the code. */
    public Optional<String> enhancedCode() {
        Matcher matcher = ENHANCED.matcher(lines.getFirst());
        return matcher.matches() && matcher.group(1).charAt(0) - '0' == code / 100
            ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    /** A reply with its text cut to the bounds. */
    SmtpReply shortened() {
        if (textLength() <= ReplyReader.MAX_TEXT) {
            return this;
        }
        String all = String.join(" / ", lines);
        return new SmtpReply(code, List.of(all.substring(0, ReplyReader.MAX_TEXT)));
    }

    /** The most characters of text kept. */
    int textLength() {
        return lines.stream().mapToInt(String::length).sum();
    }

    /** The code and enhanced status code without text, for mails with very many replies. */
    SmtpReply withoutText() {
        return new SmtpReply(code, List.of(enhancedCode().orElse("")));
    }

    /** Code and text on one line, for logs and bounces. */
    @Override
    public String toString() {
        return code + " " + String.join(" / ", lines);
    }
}
