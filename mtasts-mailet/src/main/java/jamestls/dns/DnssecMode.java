package jamestls.dns;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Who decides whether an answer is secure. */
public enum DnssecMode {
    /** This process: every signature is checked here, from the trust anchors down. */
    VALIDATE("validate"),
    /** The resolver, which says so in the AD bit; that is trustworthy only over loopback (RFC 7672 §2.1.1, RFC 6840 §5.7). */
    TRUST_AD("trust-ad"),
    /** Nobody: every answer is insecure. */
    OFF("off");

    private final String parameter;

    DnssecMode(String parameter) {
        this.parameter = parameter;
    }

    /** The mode that an administrator writes as {@code validate}, {@code trust-ad} or {@code off}. */
    public static Optional<DnssecMode> of(String text) {
        return Arrays.stream(values()).filter(mode -> mode.parameter.equals(text.strip().toLowerCase(Locale.ROOT))).findFirst();
    }

    /** All that may be written, for messages. */
    public static String allowed() {
        return Arrays.stream(values()).map(mode -> mode.parameter).collect(Collectors.joining(", "));
    }

    @Override
    public String toString() {
        return parameter;
    }
}
