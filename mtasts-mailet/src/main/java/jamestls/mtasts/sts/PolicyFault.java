package jamestls.mtasts.sts;

/** Everything that can be wrong with a policy file (RFC 8461 §3.2), and what its owner can do. */
enum PolicyFault {
    TOO_LARGE("larger than " + PolicyGrammar.MAX_POLICY + " bytes", "name fewer hosts, or use wildcards such as *.example.com"),
    NOT_UTF8("not UTF-8", "save the file as plain ASCII, without byte order mark"),
    TOO_MANY_LINES("more than " + PolicyGrammar.MAX_LINES + " lines", "name fewer hosts, or use wildcards such as *.example.com"),
    EMPTY_LINE("an empty line", "delete the line"),
    NO_COLON("no colon", "write each line as name: value, without comments"),
    BAD_NAME("not a field name before the colon",
        "names are letters, digits, '_', '-' and '.', at most 32, without blanks before or after and without byte order mark"),
    NO_VALUE("a field without value", "write the value after the colon, or delete the line"),
    CONTROL_CHARACTER("a control character", "delete it; lines end with CRLF or LF, never with CR alone"),
    BAD_VERSION("version is not STSv1", "write version: STSv1, with just these capitals"),
    BAD_MODE("mode is not enforce, testing or none", "write mode: enforce, mode: testing or mode: none, in small letters"),
    BAD_MAX_AGE("max_age is not a number of 1 to 10 digits", "write seconds as a bare number, for example max_age: 604800 for a week"),
    LONG_MAX_AGE("max_age is more than a year (31557600)", "write max_age: 31557600 or less"),
    BAD_MX("mx is neither a host name in A-labels nor *. and one",
        "write one host per line: no preference, address or trailing dot, '*' as the whole first label only, A-labels"),
    NO_VERSION("no version", "add the line version: STSv1"),
    NO_MODE("no mode", "add the line mode: testing, or mode: enforce once the reports are clean"),
    NO_MAX_AGE("no max_age", "add the line max_age: 604800"),
    NO_MX("no mx in mode ", "add a line mx: for each mail host, or write mode: none to withdraw the policy");

    private final String reason;
    private final String remedy;

    PolicyFault(String reason, String remedy) {
        this.reason = reason;
        this.remedy = remedy;
    }

    String reason() {
        return reason;
    }

    String remedy() {
        return remedy;
    }
}
