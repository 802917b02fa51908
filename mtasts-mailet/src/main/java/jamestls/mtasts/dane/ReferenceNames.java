package jamestls.mtasts.dane;

import jamestls.dns.DnsId;
import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.mtasts.dane.TlsaRecords.NextHop;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.NamingEnumeration;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.security.auth.x500.X500Principal;

/** Finds the names of which a certificate under DANE-TA must have one (RFC 7672 §3.2.2), and checks for them (§3.2.3). */
final class ReferenceNames {

    private static final int ALL = 3;

    private ReferenceNames() {
    }

    /** In the order of the RFC: TLSA base domain, next-hop domain, its expanded form. */
    static List<DomainName> of(DomainName base, DomainName host, NextHop nextHop) {
        // RFC 7672 §3.2.2: behind an insecure MX record the host's name only; a domain without MX is its own host
        boolean ofDomain = nextHop.mx() == Security.SECURE || host.equals(nextHop.domain());
        List<DomainName> names = new ArrayList<>(ALL);
        names.add(base);
        if (ofDomain && !names.contains(nextHop.domain())) {
            names.add(nextHop.domain());
        }
        if (nextHop.mx() == Security.SECURE && !names.contains(nextHop.expanded())) {
            names.add(nextHop.expanded());
        }
        return names;
    }

    static boolean matchOne(List<DomainName> names, X509Certificate certificate) {
        if (!DnsId.presented(certificate).isEmpty()) {
            return names.stream().anyMatch(name -> DnsId.matches(certificate, name));
        }
        if (DnsId.isUnreadable(certificate)) {
            return false;
        }
        // RFC 7672 §3.2.3: the common name counts only where there is no DNS-ID
        Optional<String> commonName = commonName(certificate.getSubjectX500Principal());
        return commonName.isPresent() && names.stream().anyMatch(name -> DnsId.covers(commonName.get(), name));
    }

    /** The names in the certificate, for messages: hostile text. */
    static String presented(X509Certificate certificate) {
        List<String> ids = DnsId.presented(certificate);
        return ids.isEmpty() ? commonName(certificate.getSubjectX500Principal()).orElse("nobody") : ids.toString();
    }

    private static Optional<String> commonName(X500Principal subject) {
        try {
            List<Rdn> rdns = new LdapName(subject.getName(X500Principal.RFC2253)).getRdns();
            // LdapName counts from the right, so the first RDN is the least specific
            for (int i = rdns.size() - 1; i >= 0; i--) {
                NamingEnumeration<? extends Attribute> attributes = rdns.get(i).toAttributes().getAll();
                while (attributes.hasMore()) {
                    Attribute attribute = attributes.next();
                    if (attribute.getID().toUpperCase(Locale.ROOT).equals("CN") && attribute.get() instanceof String name) {
                        return Optional.of(name);
                    }
                }
            }
            return Optional.empty();
        } catch (InvalidNameException malformed) {
            return Optional.empty();
        } catch (NamingException neverHere) {
            return Optional.empty();
        }
    }
}
