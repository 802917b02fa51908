package jamestls.mtasts.sts;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;

/** The first step to a policy: is there a TXT record that promises one (RFC 8461 §3.1)? */
sealed interface Discovery {

    /** There is. */
    record Published(String id) implements Discovery {
    }

    /** DNS says there is not, or none that a sender may use. */
    record Unpublished(String why) implements Discovery {
    }

    /** DNS does not say. */
    record Unknown(String why) implements Discovery {
    }

    /** What the answer for {@code _mta-sts.<domain>} means. */
    static Discovery of(DomainName owner, DnsAnswer<String> txt) {
        return switch (txt) {
            case DnsAnswer.Found<String> found -> switch (StsRecord.of(found.records())) {
                case StsRecord.Valid valid -> new Published(valid.id());
                case StsRecord.None none -> new Unpublished("no STSv1 among the TXT records of " + owner);
                case StsRecord.Invalid invalid -> new Unpublished("TXT record of " + owner + " is invalid: " + invalid.reason());
            };
            case DnsAnswer.Absent<String> absent -> new Unpublished("no TXT record at " + owner);
            case DnsAnswer.Bogus<String> bogus -> new Unknown("TXT record of " + owner + " is bogus: " + bogus.reason());
            case DnsAnswer.Failed<String> failed -> new Unknown("TXT look-up of " + owner + " failed: " + failed.reason());
        };
    }
}
