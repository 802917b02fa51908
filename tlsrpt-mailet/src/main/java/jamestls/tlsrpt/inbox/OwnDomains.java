package jamestls.tlsrpt.inbox;

import jamestls.dns.DomainName;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The domains whose reports are counted. A name below one of them, such as that of an MX host with TLSA records (RFC 8460 §4.4), counts for
 * it, unless a longer one of them fits.
 */
public final class OwnDomains {

    private final Supplier<Set<DomainName>> names;

    /** @param names asked for each report, because others may configure them */
    public OwnDomains(Supplier<Set<DomainName>> names) {
        this.names = names;
    }

    public static OwnDomains of(Set<DomainName> names) {
        return new OwnDomains(() -> names);
    }

    public Set<DomainName> names() {
        return names.get();
    }

    /** The domain of ours that a policy domain counts for; empty if it is none of ours. */
    public Optional<DomainName> of(DomainName policyDomain) {
        Set<DomainName> own = names();
        String name = policyDomain.ascii();
        while (true) {
            Optional<DomainName> candidate = DomainName.parse(name).filter(own::contains);
            int dot = name.indexOf('.');
            if (candidate.isPresent() || dot < 0) {
                return candidate;
            }
            name = name.substring(dot + 1);
        }
    }
}
