package jamestls.outcome;

import jamestls.net.Sanitized;
import java.util.Arrays;
import java.util.Optional;

/**
 * One way in which a session fell short of a policy.
 *
 * @param type the registered result type
 * @param reason the details, for {@code failure-reason-code} (RFC 8460 §4.4): printable ASCII, at most 300 characters,
 *     empty if the type is enough. It may quote a hostile server, so it is sanitized here.
 */
public record Violation(ResultType type, String reason) {

    private static final int MAX_REASON = 300;

    public Violation {
        reason = Sanitized.ascii(reason, MAX_REASON);
    }

    @Override
    public String toString() {
        return reason.isEmpty() ? type.wireName() : type.wireName() + " (" + reason + ")";
    }

    /** Why a session fell short of a policy: the IANA registry "STARTTLS Validation Result Types" (RFC 8460 §4.3, §6.6). */
    public enum ResultType {
        STARTTLS_NOT_SUPPORTED("starttls-not-supported"),
        CERTIFICATE_HOST_MISMATCH("certificate-host-mismatch"),
        CERTIFICATE_EXPIRED("certificate-expired"),
        CERTIFICATE_NOT_TRUSTED("certificate-not-trusted"),
        VALIDATION_FAILURE("validation-failure"),
        TLSA_INVALID("tlsa-invalid"),
        DNSSEC_INVALID("dnssec-invalid"),
        DANE_REQUIRED("dane-required"),
        STS_POLICY_FETCH_ERROR("sts-policy-fetch-error"),
        STS_POLICY_INVALID("sts-policy-invalid"),
        STS_WEBPKI_INVALID("sts-webpki-invalid");

        private final String wireName;

        ResultType(String wireName) {
            this.wireName = wireName;
        }

        /** The registered name, as it stands in a report. */
        public String wireName() {
            return wireName;
        }

        /** The type with that registered name, if there is one; case matters. */
        public static Optional<ResultType> ofWireName(String name) {
            return Arrays.stream(values()).filter(type -> type.wireName.equals(name)).findFirst();
        }
    }
}
