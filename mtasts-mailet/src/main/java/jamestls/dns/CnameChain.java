package jamestls.dns;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Follows one question along its CNAMEs, across as many answers as it takes: a recursor normally sends the whole chain,
 * but where it stops early we go on asking. Only records on the way from the question count, whatever else a message holds.
 */
final class CnameChain {

    private static final int MAX_ALIASES = 8;
    private static final long MAX_NEGATIVE = 300;

    private final Source source;
    private final int type;
    private final long deadline;
    private final Set<Name> visited = new HashSet<>();
    private Name owner;
    private long ttl = Source.MAX_TTL;
    // RFC 7672 §2.1.3: one insecure link makes the whole result insecure
    private Security security = Security.SECURE;

    private CnameChain(Source source, Name question, int type, long deadline) {
        this.source = source;
        this.type = type;
        this.deadline = deadline;
        this.owner = question;
    }

    static Resolution follow(Source source, Name question, int type, long deadline) {
        CnameChain chain = new CnameChain(source, question, type, deadline);
        Resolution resolution = chain.walk();
        String what = Type.string(type) + " of " + question.toString(true) + ": ";
        return switch (resolution) {
            case Resolution.Unknown unknown -> new Resolution.Unknown(what + unknown.reason());
            case Resolution.Forged forged -> new Resolution.Forged(what + forged.reason());
            case Resolution.Records found -> found;
            case Resolution.None none -> none;
        };
    }

    private Resolution walk() {
        visited.add(owner);
        // every answer either ends the walk or moves it on by at least one alias, so this is bounded, too
        while (true) {
            switch (source.ask(owner, type, deadline)) {
                case Source.Reply.Unknown unknown -> {
                    return new Resolution.Unknown(unknown.reason());
                }
                case Source.Reply.Forged forged -> {
                    // RFC 7672 §2.1.3: an error anywhere in the chain is an error of the look-up
                    return new Resolution.Forged(forged.reason());
                }
                case Source.Reply.Heard heard -> {
                    security = security.weaker(heard.security());
                    ttl = Math.min(ttl, heard.longestTtl());
                    Name asked = owner;
                    Optional<Resolution> end = through(heard.message());
                    if (end.isPresent()) {
                        return end.get();
                    }
                    if (owner.equals(asked)) {
                        return new Resolution.None(0, security);
                    }
                }
            }
        }
    }

    /** Where this answer ends, or nothing if it leaves off at an alias that has to be asked for. */
    private Optional<Resolution> through(Message message) {
        Map<Name, CNAMERecord> aliases = new HashMap<>();
        message.getSection(Section.ANSWER).forEach(record -> {
            if (record instanceof CNAMERecord alias && record.getDClass() == DClass.IN) {
                aliases.putIfAbsent(alias.getName(), alias);
            }
        });
        while (true) {
            List<Record> found = message.getSection(Section.ANSWER).stream()
                .filter(record -> record.getType() == type && record.getDClass() == DClass.IN && record.getName().equals(owner))
                .toList();
            if (!found.isEmpty()) {
                long shortest = found.stream().mapToLong(Record::getTTL).min().orElse(0);
                return Optional.of(new Resolution.Records(owner, found, Math.min(ttl, shortest), security));
            }
            CNAMERecord alias = aliases.get(owner);
            if (alias == null) {
                return negative(message);
            }
            owner = alias.getTarget();
            ttl = Math.min(ttl, alias.getTTL());
            if (!visited.add(owner)) {
                return Optional.of(new Resolution.Unknown("the CNAMEs go in a circle at " + owner.toString(true)));
            }
            if (visited.size() > MAX_ALIASES + 1) {
                return Optional.of(new Resolution.Unknown("more than " + MAX_ALIASES + " CNAMEs"));
            }
        }
    }

    private Optional<Resolution> negative(Message message) {
        // RFC 2308 §5: kept for the lesser of the SOA's own TTL and its minimum, and without a SOA not at all
        long soa = message.getSection(Section.AUTHORITY).stream()
            .filter(record -> record instanceof SOARecord && owner.subdomain(record.getName()))
            .mapToLong(record -> Math.min(record.getTTL(), ((SOARecord) record).getMinimum()))
            .findFirst().orElse(-1);
        // RFC 6604 §2.1: the RCODE speaks of the last name of the chain
        if (soa < 0 && message.getRcode() == Rcode.NOERROR) {
            return Optional.empty();
        }
        return Optional.of(new Resolution.None(Math.min(ttl, Math.clamp(soa, 0, MAX_NEGATIVE)), security));
    }
}
