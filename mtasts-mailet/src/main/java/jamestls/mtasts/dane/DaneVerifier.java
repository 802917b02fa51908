package jamestls.mtasts.dane;

import jamestls.dns.TlsaRecord;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;

/** Checks a certificate chain against TLSA records (RFC 7672 §3). A pure function of both and of the time. */
public final class DaneVerifier {

    static final Violation NO_MATCH = new Violation(ResultType.VALIDATION_FAILURE, "no TLSA record matched");

    private DaneVerifier() {
    }

    /**
     * Verifies a chain.
     *
     * @param chain the certificates as sent by the server, its own first
     * @param tlsa the records; if none is usable, the result is {@code tlsa-invalid}
     * @return empty if at least one record matches
     */
    public static List<Violation> faults(List<X509Certificate> chain, TlsaSet tlsa, Instant now) {
        if (tlsa.usable().isEmpty()) {
            return List.of(new Violation(ResultType.TLSA_INVALID, "no usable TLSA record"));
        }
        Optional<String> objection = PathSearch.objection(chain);
        if (objection.isPresent()) {
            return List.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, objection.get()));
        }
        try {
            return matched(chain, tlsa, now);
        } catch (RuntimeException e) {
            // the JDK's parsers may throw any unchecked exception for a hostile certificate
            return List.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, "certificate can't be read: " + e.getMessage()));
        }
    }

    private static List<Violation> matched(List<X509Certificate> chain, TlsaSet tlsa, Instant now) {
        X509Certificate leaf = chain.getFirst();
        // RFC 7672 §3.1.1: neither names nor dates matter for DANE-EE
        if (with(UsableRecords.DANE_EE, tlsa).stream().anyMatch(record -> Association.matches(record, leaf))) {
            return List.of();
        }
        List<TlsaRecord> anchors = with(UsableRecords.DANE_TA, tlsa);
        return anchors.isEmpty() ? List.of(NO_MATCH) : underAnchor(chain, anchors, tlsa, Date.from(now)).map(List::of).orElse(List.of());
    }

    private static Optional<Violation> underAnchor(List<X509Certificate> chain, List<TlsaRecord> anchors, TlsaSet tlsa, Date now) {
        X509Certificate leaf = chain.getFirst();
        Optional<Violation> path = TrustPath.fault(chain, anchors, now);
        if (path.filter(NO_MATCH::equals).isPresent()) {
            return path;
        }
        return CaConstraints.serverFault(leaf, now).or(() -> path).or(() -> ReferenceNames.matchOne(tlsa.referenceNames(), leaf)
            ? Optional.empty()
            : Optional.of(new Violation(ResultType.CERTIFICATE_HOST_MISMATCH, "certificate is for " + ReferenceNames.presented(leaf))));
    }

    private static List<TlsaRecord> with(int usage, TlsaSet tlsa) {
        return tlsa.usable().stream().filter(record -> record.usage() == usage).toList();
    }
}
