package jamestls.mtasts.dane;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.Violation;

/** The result of looking up whether DANE applies to one MX host. */
public sealed interface DaneLookup {

    /**
     * DANE does not apply to this host; other policies may.
     *
     * @param reason for people
     */
    record NoDane(String reason) implements DaneLookup {
    }

    /** The host has no address that is known now, so there is nobody to connect to and nothing was asked (RFC 7672 §2.2.2). */
    record NoAddress() implements DaneLookup {
    }

    /** The host has TLSA records that DNSSEC proves: no mail without STARTTLS (RFC 7672 §2.2). */
    record Found(TlsaSet tlsa) implements DaneLookup {
    }

    /**
     * It can't be known whether the host has any, so the host counts as unreachable (RFC 7672 §2.1.2). The next may do.
     *
     * @param base the name that was being looked up
     * @param violation {@code dnssec-invalid}, with the cause
     */
    record Unreachable(DomainName base, Violation violation) implements DaneLookup {

        /** As the report names it: the kind of policy is known, its content is not. */
        public AppliedPolicy applied() {
            return TlsaSet.unknown(base);
        }
    }
}
