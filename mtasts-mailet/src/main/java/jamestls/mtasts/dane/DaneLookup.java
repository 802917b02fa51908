package jamestls.mtasts.dane;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.Violation;

/** The result of looking up whether DANE applies to one MX host. */
public sealed interface DaneLookup {

    /**
     * DANE does not apply to this host; other policies may.
     *
     * @param reason one line for logs
     */
    record NoDane(String reason) implements DaneLookup {
    }

    /** No address of the host is known now, so TLSA records were not looked up (RFC 7672 §2.2.2). */
    record NoAddress() implements DaneLookup {
    }

    /** The host has TLSA records proven by DNSSEC, which require STARTTLS (RFC 7672 §2.2). */
    record Found(TlsaSet tlsa) implements DaneLookup {
    }

    /**
     * The look-up failed, so the host counts as unreachable (RFC 7672 §2.1.2). The next host may be tried.
     *
     * @param base the name that was looked up
     * @param violation {@code dnssec-invalid}, with the cause
     */
    record Unreachable(DomainName base, Violation violation) implements DaneLookup {

        /** The policy as a report names it, with unknown content. */
        public AppliedPolicy applied() {
            return TlsaSet.unknown(base);
        }
    }
}
