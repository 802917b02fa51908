package jamestls.dns;

import jamestls.dns.DnskeyCache.Delegation;
import jamestls.dns.DnssecResolver.Reply;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Begins queries for the keys of a zone before the validator needs them, so that a new domain costs fewer round trips. The DS record of
 * a domain below a signed zone is needed in any case, if only to prove that there is none; it goes out with the first query. The keys
 * are needed only if the domain is signed; they go out with it below zones most of whose domains are. Nothing is begun below a zone
 * that has no DS record. What is known here is not validated, and decides only when a query is sent.
 */
final class ZonePrefetch {

    /** The zones below public suffixes of one label (example.com): names at a greater depth are more often hosts than zones. */
    private static final int MAX_DEPTH = 2;
    /** Of one answer: those of a usual alias and its target. */
    private static final int MAX_SIGNERS = 2;

    private final DnskeyCache keys;
    private final Name anchor;

    /** @param anchor a name with a trust anchor; nothing is begun for names elsewhere */
    ZonePrefetch(DnskeyCache keys, Name anchor) {
        this.keys = keys;
        this.anchor = anchor;
    }

    /**
     * Begins what the answer to a question will need.
     *
     * @param query begins a query for a zone and a type, or joins one in flight
     */
    void before(Name name, int type, BiConsumer<Name, Integer> query) {
        firstUnknown(host(name)).filter(zone -> depth(zone) <= MAX_DEPTH || type == Type.MX && zone.equals(name)).ifPresent(zone -> {
            query.accept(zone, Type.DS);
            if (keys.areMostSignedBelow(new Name(zone, 1))) {
                query.accept(zone, Type.DNSKEY);
            }
        });
    }

    /** Begins what the validation of an answer will need: the keys of the zones that have signed it, as it says itself. */
    void after(Message answer, BiConsumer<Name, Integer> query) {
        Stream.of(Section.ANSWER, Section.AUTHORITY).flatMap(section -> answer.getSection(section).stream())
            .filter(RRSIGRecord.class::isInstance).map(record -> ((RRSIGRecord) record).getSigner()).distinct().limit(MAX_SIGNERS)
            .filter(signer -> keys.delegation(signer) == Delegation.SIGNED || firstUnknown(signer).filter(signer::equals).isPresent())
            .forEach(signer -> {
                query.accept(signer, Type.DS);
                query.accept(signer, Type.DNSKEY);
            });
    }

    /**
     * Whether the zone of a host is signed.
     *
     * @param ds the answer for the DS records of a zone; blocks
     */
    boolean isSigned(Name name, Function<Name, Reply> ds) {
        Name host = host(name);
        if (!host.subdomain(anchor)) {
            return false;
        }
        for (int labels = depth(anchor) + 1; labels <= depth(host); labels++) {
            Name zone = last(labels, host);
            Delegation known = keys.delegation(zone);
            if (known == Delegation.UNKNOWN && labels <= MAX_DEPTH) {
                known = DnskeyCache.delegation(zone, ds.apply(zone));
            }
            if (known != Delegation.SIGNED) {
                // a host at a greater depth is rarely a zone of its own
                return known == Delegation.UNKNOWN && labels > MAX_DEPTH && zone.equals(host);
            }
        }
        return true;
    }

    /** The first name from the top of which it is unknown whether it is a signed zone; empty below an unsigned one. */
    private Optional<Name> firstUnknown(Name name) {
        if (!name.subdomain(anchor)) {
            return Optional.empty();
        }
        for (int labels = depth(anchor) + 1; labels <= depth(name); labels++) {
            Name zone = last(labels, name);
            switch (keys.delegation(zone)) {
                case SIGNED -> { }
                case UNSIGNED -> {
                    return Optional.empty();
                }
                case UNKNOWN -> {
                    return Optional.of(zone);
                }
            }
        }
        return Optional.empty();
    }

    /** Without the labels that begin with an underscore (RFC 8552), which are in the zone of the name below them. */
    private static Name host(Name name) {
        int attributes = 0;
        while (attributes < depth(name) && name.getLabel(attributes)[1] == '_') {
            attributes++;
        }
        return attributes == 0 ? name : new Name(name, attributes);
    }

    private static Name last(int labels, Name name) {
        return new Name(name, depth(name) - labels);
    }

    /** The labels of a name; dnsjava counts the root's, too. */
    private static int depth(Name name) {
        return name.labels() - 1;
    }
}
