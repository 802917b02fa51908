package jamestls.dns;

import jamestls.dns.ValidatorUpstream.QueryBudget;
import jamestls.net.Sanitized;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;
import org.xbill.DNS.dnssec.R;
import org.xbill.DNS.dnssec.ValidatingResolver;

/**
 * Validates answers with dnsjava's validator, which reports its result in the AD bit, the RCODE, an EDNS option and a TXT record of
 * its own. Anything not positively secure or insecure counts as bogus or failed (RFC 7672 §2.1.1).
 */
final class Validator implements DnssecResolver {

    private static final int MAX_REASON = 160;
    private static final String TOO_MANY_ITERATIONS = "failed.nsec3_ignored";

    static {
        // message keys are used, because the texts come from a messages.properties that any jar may shadow
        R.setUseNeutralMessages(true);
    }

    private final ValidatingResolver resolver;
    private final ValidatingResolver withKeysReversed;
    private final DnskeyCache keys;
    private final ValidatorUpstream upstream;
    private final Clock clock;

    /** @param servers asked anew for each query */
    Validator(StubResolver stub, Supplier<List<InetSocketAddress>> servers, TrustAnchors anchors, DnskeyCache keys, Clock clock) {
        this.keys = keys;
        this.clock = clock;
        ZonePrefetch zones = new ZonePrefetch(keys, anchors.top());
        this.upstream = new ValidatorUpstream(stub, servers, keys, zones, ValidatorUpstream.KeyOrder.AS_PUBLISHED);
        this.resolver = resolver(upstream, anchors);
        this.withKeysReversed = resolver(
            new ValidatorUpstream(stub, servers, keys, zones, ValidatorUpstream.KeyOrder.REVERSED), anchors);
    }

    private ValidatingResolver resolver(ValidatorUpstream feed, TrustAnchors anchors) {
        ValidatingResolver validating = new ValidatingResolver(feed, clock);
        Properties bounds = new Properties();
        // RFC 4509 §3: if a zone has SHA-2 and SHA-1 digests, SHA-1 is ignored
        bounds.setProperty("dnsjava.dnssec.harden_algo_downgrade", "true");
        for (String keySize : List.of("1024", "2048", "4096")) {
            bounds.setProperty("dnsjava.dnssec.nsec3.iterations." + keySize, Integer.toString(ValidatorUpstream.MAX_ITERATIONS));
        }
        try {
            validating.init(bounds);
            validating.loadTrustAnchors(anchors.zoneFile());
        } catch (IOException e) {
            throw new UncheckedIOException("trust anchors that were read before", e);
        }
        return validating;
    }

    @Override
    public Reply ask(Name name, int type, long deadline) {
        Reply reply = validated(resolver, name, type, deadline);
        if (reply instanceof Reply.Bogus && keys.hasKeyTagCollision()) {
            reply = validated(withKeysReversed, name, type, deadline);
        }
        if (reply instanceof Reply.Bogus) {
            keys.forget(name);
        }
        return reply;
    }

    @Override
    public boolean isSigned(Name name, long deadline) {
        return upstream.isSigned(name, new QueryBudget(deadline));
    }

    private Reply validated(ValidatingResolver validating, Name name, int type, long deadline) {
        QueryBudget budget = new QueryBudget(deadline);
        Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
        try {
            Message message = validating.sendAsync(query, budget).toCompletableFuture()
                .get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            return judged(message, type, budget);
        } catch (TimeoutException e) {
            return new Reply.Failed(budget.failure().orElse("not validated in time"));
        } catch (ExecutionException e) {
            return new Reply.Failed(budget.failure().orElseGet(() -> "could not be validated: " + bounded(String.valueOf(e.getCause()))));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Reply.Failed("interrupted");
        }
    }

    private Reply judged(Message message, int type, QueryBudget budget) {
        // the validator may have lost a failed query, and then reports neither secure nor bogus
        if (budget.failure().isPresent()) {
            return new Reply.Failed(budget.failure().get());
        }
        Optional<String> reason = reason(message);
        boolean tooCostly = reason.isPresent() && reason.get().contains(TOO_MANY_ITERATIONS);
        if (message.getRcode() != Rcode.NOERROR && message.getRcode() != Rcode.NXDOMAIN) {
            // RFC 9276 §3.2: too many iterations make the answer insecure, as in most validators
            return tooCostly && budget.hashing() == QueryBudget.Hashing.TOO_COSTLY ? nothing()
                : new Reply.Bogus(reason.orElse("validation failed"));
        }
        if (message.getHeader().getFlag(Flags.AD)) {
            return new Reply.Answered(message, Security.SECURE, lifetime(message));
        }
        if (tooCostly && budget.hashing() != QueryBudget.Hashing.TOO_COSTLY) {
            return new Reply.Bogus("NSEC3 records that do not belong together");
        }
        boolean positive = message.getSection(Section.ANSWER).stream().anyMatch(record -> record.getType() == type);
        if (!positive && reason.isEmpty()) {
            // an exception that the validator swallowed looks like this, and a forged signature might provoke one
            return new Reply.Failed("the proof that there is nothing could not be checked");
        }
        return new Reply.Answered(firstLink(message), Security.INSECURE, MAX_TTL);
    }

    /** Queries the rest of a chain separately: the validator stops at the first insecure link, and later links may be bogus. */
    private static Message firstLink(Message message) {
        List<Record> alias = message.getSection(Section.ANSWER).stream()
            .filter(record -> record.getType() == Type.CNAME && record.getName().equals(message.getQuestion().getName())).limit(1).toList();
        if (alias.isEmpty()) {
            return message;
        }
        Message link = new Message(message.getHeader().getID());
        link.addRecord(message.getQuestion(), Section.QUESTION);
        link.addRecord(alias.getFirst(), Section.ANSWER);
        return link;
    }

    private static Reply nothing() {
        return new Reply.Answered(new Message(), Security.INSECURE, MAX_TTL);
    }

    /** RFC 4035 §5.3.3: no longer than the signatures last, nor than the TTL they were made for. */
    private long lifetime(Message message) {
        return Stream.of(Section.ANSWER, Section.AUTHORITY).flatMap(section -> message.getSection(section).stream())
            .filter(RRSIGRecord.class::isInstance).map(RRSIGRecord.class::cast)
            .mapToLong(signature -> Math.min(signature.getOrigTTL(),
                Math.max(0, Duration.between(clock.instant(), signature.getExpire()).toSeconds())))
            .min().orElse(MAX_TTL);
    }

    /** The validator's reason for an answer that is not secure: the extended error (RFC 8914), then its own text. */
    private static Optional<String> reason(Message message) {
        List<EDNSOption> options = message.getOPT() == null ? List.of()
            : message.getOPT().getOptions(EDNSOption.Code.EDNS_EXTENDED_ERROR);
        Stream<String> code = options.stream()
            .map(option -> ExtendedErrorCodeOption.text(((ExtendedErrorCodeOption) option).getErrorCode()));
        Stream<String> words = message.getSection(Section.ADDITIONAL).stream()
            .filter(record -> record instanceof TXTRecord && record.getDClass() == ValidatingResolver.VALIDATION_REASON_QCLASS)
            // a failed RRset follows in braces, at length
            .map(record -> String.join("", ((TXTRecord) record).getStrings()).split(":?\\s*\\{", 2)[0]);
        List<String> both = Stream.concat(code.limit(1), words.limit(1)).map(Validator::bounded).toList();
        return both.isEmpty() ? Optional.empty() : Optional.of(String.join(": ", both));
    }

    private static String bounded(String text) {
        return Sanitized.line(text, MAX_REASON) + (text.length() > MAX_REASON ? "…" : "");
    }
}
