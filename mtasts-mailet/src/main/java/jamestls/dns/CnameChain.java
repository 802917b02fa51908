package jamestls.dns;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
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
 * Follows the CNAMEs of one question. A resolver normally sends the whole chain; if it stops early, the rest is queried. Only records
 * on the chain from the question are used, whatever else a message contains. At most {@value #MAX_ALIASES} CNAMEs.
 */
final class CnameChain {

    /** The longest negative TTL, which RFC 2308 §5 leaves open: a repaired zone is seen after five minutes. */
    static final long MAX_NEGATIVE_TTL = 300;
    /** The TTL of bogus answers, to bound the work of validation: a repaired zone is seen after a minute. */
    static final long BOGUS_TTL = 60;
    /** The TTL of failures: long enough for the look-ups of one delivery, too short to delay the next. */
    static final long FAILED_TTL = 1;

    private static final int MAX_ALIASES = 8;

    /** The end of a chain; TTLs in seconds. */
    sealed interface End {

        long ttl();

        record Records(Name owner, List<Record> records, long ttl, Security security) implements End {
        }

        /** The name or the type does not exist. */
        record Absent(long ttl, Security security) implements End {
        }

        record Bogus(String reason) implements End {
            @Override
            public long ttl() {
                return BOGUS_TTL;
            }
        }

        record Failed(String reason) implements End {
            @Override
            public long ttl() {
                return FAILED_TTL;
            }
        }
    }

    private final int type;
    private final Set<Name> visited = new HashSet<>();
    private Name owner;
    private long ttl = DnssecResolver.MAX_TTL;
    // RFC 7672 §2.1.3: one insecure link makes the whole result insecure
    private Security security = Security.SECURE;

    private CnameChain(Name question, int type) {
        this.type = type;
        this.owner = question;
        visited.add(question);
    }

    /** Asks {@code resolver} until the chain ends. */
    static End follow(DnssecResolver resolver, Name question, int type, long deadline) {
        End end = new CnameChain(question, type).walk(resolver, deadline);
        String what = Type.string(type) + " of " + question.toString(true) + ": ";
        return switch (end) {
            case End.Failed failed -> new End.Failed(what + failed.reason());
            case End.Bogus bogus -> new End.Bogus(what + bogus.reason());
            case End.Records found -> found;
            case End.Absent absent -> absent;
        };
    }

    /**
     * Completes an answer that stops at a CNAME. To a validator such an answer says without proof that the target has no such
     * record, which is bogus.
     *
     * @param ask gets the answer for another name, of the same type
     */
    static Message complete(Message first, int type, Function<Name, Message> ask) {
        CnameChain chain = new CnameChain(first.getQuestion().getName(), type);
        Message whole = first;
        while (true) {
            Name asked = chain.owner;
            if (chain.through(whole).isPresent() || chain.owner.equals(asked)) {
                return whole;
            }
            whole = joined(whole, ask.apply(chain.owner));
        }
    }

    private End walk(DnssecResolver resolver, long deadline) {
        // every answer ends the loop or follows at least one alias, so MAX_ALIASES bounds the queries, too
        while (true) {
            switch (resolver.ask(owner, type, deadline)) {
                case DnssecResolver.Reply.Failed failed -> {
                    return new End.Failed(failed.reason());
                }
                case DnssecResolver.Reply.Bogus bogus -> {
                    // RFC 7672 §2.1.3: an error anywhere in the chain is an error of the look-up
                    return new End.Bogus(bogus.reason());
                }
                case DnssecResolver.Reply.Answered answered -> {
                    security = security.weaker(answered.security());
                    ttl = Math.min(ttl, answered.maxTtl());
                    Name asked = owner;
                    Optional<End> end = through(answered.message());
                    if (end.isPresent()) {
                        return end.get();
                    }
                    if (owner.equals(asked)) {
                        return new End.Absent(0, security);
                    }
                }
            }
        }
    }

    /** The end of the chain, or empty if the message stops at {@link #owner}, which has to be asked for. */
    private Optional<End> through(Message message) {
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
                return Optional.of(new End.Records(owner, found, Math.min(ttl, shortest), security));
            }
            CNAMERecord alias = aliases.get(owner);
            if (alias == null) {
                return negative(message);
            }
            owner = alias.getTarget();
            ttl = Math.min(ttl, alias.getTTL());
            if (!visited.add(owner)) {
                return Optional.of(new End.Failed("the CNAMEs go in a circle at " + owner.toString(true)));
            }
            if (visited.size() > MAX_ALIASES + 1) {
                return Optional.of(new End.Failed("more than " + MAX_ALIASES + " CNAMEs"));
            }
        }
    }

    private Optional<End> negative(Message message) {
        // RFC 2308 §5: kept for the lesser of the SOA's own TTL and its minimum, and without a SOA not at all
        long soa = message.getSection(Section.AUTHORITY).stream()
            .filter(record -> record instanceof SOARecord && owner.subdomain(record.getName()))
            .mapToLong(record -> Math.min(record.getTTL(), ((SOARecord) record).getMinimum()))
            .findFirst().orElse(-1);
        // RFC 6604 §2.1: the RCODE speaks of the last name of the chain
        if (soa < 0 && message.getRcode() == Rcode.NOERROR) {
            return Optional.empty();
        }
        return Optional.of(new End.Absent(Math.min(ttl, Math.clamp(soa, 0, MAX_NEGATIVE_TTL)), security));
    }

    private static Message joined(Message start, Message rest) {
        Message whole = start.clone();
        // RFC 6604 §2.1: the RCODE speaks of the last name of the chain
        whole.getHeader().setRcode(rest.getRcode());
        for (int section : new int[] {Section.ANSWER, Section.AUTHORITY}) {
            for (Record record : rest.getSection(section)) {
                if (!whole.findRecord(record, section)) {
                    whole.addRecord(record, section);
                }
            }
        }
        return whole;
    }
}
