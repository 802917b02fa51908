package jamestls.mtasts.policy;

import jamestls.mtasts.dane.DaneVerifier;
import jamestls.outcome.Violation;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.TlsObservation.Handshake;
import java.time.Instant;
import java.util.List;

/**
 * The faults of a server's certificate, by PKIX, by DANE and by the operator's rules.
 *
 * @param pkix the faults by trusted authorities and the MX host's name (RFC 8461 §4.2)
 * @param dane the faults by the host's TLSA records (RFC 7672 §3)
 * @param byRule the faults by trusted authorities and the names of the operator's rules
 */
public record CertificateFaults(List<Violation> pkix, List<Violation> dane, List<Violation> byRule) {

    /** No faults, or no certificate. */
    public static final CertificateFaults NONE = new CertificateFaults(List.of(), List.of());

    public CertificateFaults {
        pkix = List.copyOf(pkix);
        dane = List.copyOf(dane);
        byRule = List.copyOf(byRule);
    }

    /** Where no rule of the operator holds. */
    public CertificateFaults(List<Violation> pkix, List<Violation> dane) {
        this(pkix, dane, List.of());
    }

    /** Checks the certificate of a session by the rules that the demand needs. */
    public static CertificateFaults of(TlsDemand demand, TlsObservation seen, CertificateCheck authorities, Instant now) {
        if (!(seen.handshake() instanceof Handshake.Completed completed)) {
            return NONE;
        }
        return new CertificateFaults(
            demand.needsPkix() ? authorities.faults(completed.chain(), seen.mxHost(), now) : List.of(),
            demand.tlsaRecords().map(tlsa -> DaneVerifier.faults(completed.chain(), tlsa, now)).orElse(List.of()),
            demand.namesByRule().stream().flatMap(names -> authorities.faults(completed.chain(), names, now).stream()).distinct().toList());
    }
}
