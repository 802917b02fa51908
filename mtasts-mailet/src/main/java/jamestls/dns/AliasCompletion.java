package jamestls.dns;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Makes an answer whole whose recursor stopped at a CNAME. To the validator such an answer says "the target has no such
 * record", without proof, and so is bogus.
 */
final class AliasCompletion {

    private static final int MAX_LINKS = 8;

    private AliasCompletion() {
    }

    /** @param ask gets the answer for another name, of the same type */
    static Message of(Message first, int type, Function<Name, Message> ask) {
        Message whole = first;
        Set<Name> asked = new HashSet<>(Set.of(first.getQuestion().getName()));
        for (int link = 0; link < MAX_LINKS; link++) {
            Optional<Name> loose = looseEnd(whole, type);
            if (loose.isEmpty() || !asked.add(loose.get())) {
                return whole;
            }
            whole = joined(whole, ask.apply(loose.get()));
        }
        return whole;
    }

    /** The last name of the chain, if the message says nothing about it. */
    private static Optional<Name> looseEnd(Message message, int type) {
        boolean denies = message.getRcode() != Rcode.NOERROR
            || message.getSection(Section.AUTHORITY).stream().anyMatch(record -> record.getType() == Type.SOA);
        if (denies) {
            return Optional.empty();
        }
        Name start = message.getQuestion().getName();
        Name end = start;
        Set<Name> visited = new HashSet<>();
        while (visited.add(end)) {
            Name here = end;
            if (message.getSection(Section.ANSWER).stream().anyMatch(record -> record.getType() == type && record.getName().equals(here))) {
                return Optional.empty();
            }
            Optional<Name> next = message.getSection(Section.ANSWER).stream()
                .filter(record -> record instanceof CNAMERecord && record.getName().equals(here))
                .map(record -> ((CNAMERecord) record).getTarget()).findFirst();
            if (next.isEmpty()) {
                return here.equals(start) ? Optional.empty() : next.or(() -> Optional.of(here));
            }
            end = next.get();
        }
        return Optional.empty();
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
