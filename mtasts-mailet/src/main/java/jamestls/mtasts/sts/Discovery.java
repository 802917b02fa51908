package jamestls.mtasts.sts;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import java.util.Optional;

/** The result of looking up the TXT record that announces a policy (RFC 8461 §3.1). */
sealed interface Discovery {

    /** There is a valid record. */
    record Published(String id) implements Discovery {
    }

    /** There is no record, or none that a sender may use. */
    record Unpublished(String why) implements Discovery {
    }

    /** The look-up failed. */
    record Unknown(String why) implements Discovery {
    }

    /** Looks up the record of a domain. Answers are cached in {@code dns} only. */
    static Discovery of(DomainName domain, Dns dns) {
        return owner(domain).map(owner -> of(owner, dns.txt(owner)))
            .orElseGet(() -> new Unpublished("the name is too long for _mta-sts before " + domain));
    }

    /** Begins the look-up, if it is not known or begun; whether it did. */
    static boolean prefetch(DomainName domain, Dns dns) {
        return owner(domain).filter(owner -> dns.prefetch(Dns.Question.TXT, owner)).isPresent();
    }

    private static Optional<DomainName> owner(DomainName domain) {
        try {
            return Optional.of(domain.child("_mta-sts"));
        } catch (IllegalArgumentException tooLong) {
            return Optional.empty();
        }
    }

    private static Discovery of(DomainName owner, DnsAnswer<String> txt) {
        return switch (txt) {
            case DnsAnswer.Found<String> found -> switch (StsRecord.of(found.records())) {
                case StsRecord.Valid valid -> new Published(valid.id());
                case StsRecord.None none -> new Unpublished("no STSv1 among the TXT records of " + owner);
                case StsRecord.Invalid invalid -> new Unpublished("TXT record of " + owner + " is invalid: " + invalid.reason());
            };
            case DnsAnswer.Absent<String> absent -> new Unpublished("no TXT record at " + owner);
            case DnsAnswer.Bogus<String> bogus -> new Unknown("DNSSEC validation failed: "
                + DnsAnswer.withQuestion("TXT of " + owner, bogus.reason()));
            case DnsAnswer.Failed<String> failed -> new Unknown("DNS look-up failed: "
                + DnsAnswer.withQuestion("TXT of " + owner, failed.reason()));
        };
    }
}
