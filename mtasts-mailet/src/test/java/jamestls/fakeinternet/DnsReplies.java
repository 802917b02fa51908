package jamestls.fakeinternet;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/** Makes the bytes of a reply from a question, the zone and the faults. */
final class DnsReplies {

    private static final int PLAIN_UDP = 512;

    /** Whom to ask for the records; {@code withProofs} where the client wants signatures (DO). */
    interface Data {
        Zone.Answer answer(Name name, int type, Zone.Chain chain, boolean withProofs);
    }

    private final Data data;
    private final Zone zone;
    private final DnsFaults faults;
    private final AtomicBoolean vouching = new AtomicBoolean();

    DnsReplies(Data data, Zone zone, DnsFaults faults) {
        this.data = data;
        this.zone = zone;
        this.faults = faults;
    }

    /** The reply to send, or nothing at all. */
    Optional<byte[]> to(Message query, DnsQuery.Transport transport) {
        Record question = query.getQuestion();
        Name name = question.getName().canonicalize();
        DnsFault fault = faults.of(name, question.getType()).orElse(null);
        if (query.getOPT() == null && (fault == DnsFault.FORMERR_TO_EDNS || fault == DnsFault.SILENT_TO_EDNS)) {
            fault = null;
        }
        int room = transport == DnsQuery.Transport.TCP ? Message.MAXLENGTH
            : query.getOPT() == null ? PLAIN_UDP : Math.max(PLAIN_UDP, query.getOPT().getPayloadSize());
        boolean proofs = query.getOPT() != null && (query.getOPT().getFlags() & ExtendedFlags.DO) != 0;
        return switch (fault) {
            case null -> Optional.of(filled(query, data.answer(name, question.getType(), Zone.Chain.WHOLE, proofs)).toWire(room));
            case TIMEOUT, SILENT_TO_EDNS -> Optional.empty();
            case FORMERR_TO_EDNS -> Optional.of(withoutOpt(empty(query, Rcode.FORMERR)).toWire(room));
            case GARBAGE -> Optional.of(garbage(query));
            case SERVFAIL -> Optional.of(empty(query, Rcode.SERVFAIL).toWire(room));
            case SERVFAIL_UNLESS_UNCHECKED -> Optional.of((query.getHeader().getFlag(Flags.CD)
                ? filled(query, data.answer(name, question.getType(), Zone.Chain.WHOLE, proofs))
                : empty(query, Rcode.SERVFAIL)).toWire(room));
            case REFUSED -> Optional.of(empty(query, Rcode.REFUSED).toWire(room));
            case NXDOMAIN -> Optional.of(filled(query, zone.denial(name)).toWire(room));
            case FIRST_CNAME_ONLY ->
                Optional.of(filled(query, data.answer(name, question.getType(), Zone.Chain.FIRST_LINK, proofs)).toWire(room));
            case TRUNCATED -> Optional.of(transport == DnsQuery.Transport.UDP ? truncated(query).toWire(room)
                : filled(query, data.answer(name, question.getType(), Zone.Chain.WHOLE, proofs)).toWire(room));
        };
    }

    /** Whether it says AD of whatever it has, as a resolver that validates does of what is secure. */
    void vouch(boolean forAll) {
        vouching.set(forAll);
    }

    private Message filled(Message query, Zone.Answer answer) {
        Message reply = empty(query, answer.rcode());
        if (vouching.get() && query.getHeader().getFlag(Flags.AD)) {
            reply.getHeader().setFlag(Flags.AD);
        }
        answer.answers().forEach(record -> reply.addRecord(record, Section.ANSWER));
        answer.authority().forEach(record -> reply.addRecord(record, Section.AUTHORITY));
        return reply;
    }

    private static Message withoutOpt(Message reply) {
        reply.removeAllRecords(Section.ADDITIONAL);
        return reply;
    }

    private static Message truncated(Message query) {
        Message reply = empty(query, Rcode.NOERROR);
        reply.getHeader().setFlag(Flags.TC);
        return reply;
    }

    private static Message empty(Message query, int rcode) {
        Message reply = new Message(query.getHeader().getID());
        Header header = reply.getHeader();
        header.setFlag(Flags.QR);
        header.setFlag(Flags.RA);
        if (query.getHeader().getFlag(Flags.RD)) {
            header.setFlag(Flags.RD);
        }
        header.setRcode(rcode);
        reply.addRecord(query.getQuestion(), Section.QUESTION);
        if (query.getOPT() != null) {
            reply.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);
        }
        return reply;
    }

    /** Header and question are right, and so is the promise of one answer; what follows is a pointer to nowhere. */
    private static byte[] garbage(Message query) {
        byte[] sound = empty(query, Rcode.NOERROR).toWire();
        byte[] wire = java.util.Arrays.copyOf(sound, sound.length + 2);
        wire[7] = 1;
        int question = 12 + query.getQuestion().getName().length() + 4;
        wire[question] = (byte) 0xff;
        wire[question + 1] = (byte) 0xff;
        return wire;
    }
}
