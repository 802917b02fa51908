package jamestls.dns;

import jamestls.dns.DnssecResolver.Reply;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Resolver;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.Type;

/**
 * The upstream resolver of dnsjava's validator: a {@link StubResolver} with what the validator relies on but does not do itself. Keys
 * and delegations are cached ({@link DnskeyCache}), incomplete CNAME chains are completed ({@link CnameChain}), and every query is
 * charged to the {@link QueryBudget} of the look-up. The budget also records failed queries, because the validator ignores some of
 * them and would then report an unproven denial as insecure.
 */
final class ValidatorUpstream implements Resolver {

    /** RFC 9276 §3.2; the limit of unbound, too. */
    static final int MAX_ITERATIONS = 150;

    /** The order in which the keys of a zone are passed to the validator. */
    enum KeyOrder {
        AS_PUBLISHED,
        /** Reversed: the validator tries only the first key with a tag, so that another one is tried. */
        REVERSED
    }

    private final StubResolver stub;
    private final Supplier<List<InetSocketAddress>> servers;
    private final DnskeyCache keys;
    private final ZonePrefetch zones;
    private final KeyOrder order;

    ValidatorUpstream(StubResolver stub, Supplier<List<InetSocketAddress>> servers, DnskeyCache keys, ZonePrefetch zones,
                      KeyOrder order) {
        this.stub = stub;
        this.servers = servers;
        this.keys = keys;
        this.zones = zones;
        this.order = order;
    }

    @Override
    public CompletionStage<Message> sendAsync(Message query, Executor executor) {
        if (!(executor instanceof QueryBudget budget)) {
            return CompletableFuture.failedFuture(new IllegalArgumentException("a query that nobody pays for"));
        }
        Record question = query.getQuestion();
        Name name = question.getName();
        int type = question.getType();
        // the validator calls from the common pool, which must not wait
        CompletableFuture<Message> answer;
        if (type == Type.DS || type == Type.DNSKEY) {
            answer = kept(name, type, budget).thenApply(kept -> shown(message(kept, name, type), type));
        } else {
            // what fails here is asked again, or reported, when the validator needs it
            zones.before(name, type, (zone, needed) -> kept(zone, needed, budget));
            answer = CompletableFuture.supplyAsync(() -> whole(name, type, budget), budget);
        }
        return answer.whenComplete((message, failure) -> {
            if (failure != null) {
                budget.failed(failure instanceof CompletionException wrapped ? wrapped.getCause().getMessage() : failure.getMessage());
            }
        });
    }

    /** See {@link DnssecResolver#isSigned}. */
    boolean isSigned(Name name, QueryBudget budget) {
        return zones.isSigned(name, zone -> kept(zone, Type.DS, budget).join());
    }

    private CompletableFuture<Reply> kept(Name zone, int type, QueryBudget budget) {
        return keys.get(zone, type, () -> asked(zone, type, budget));
    }

    private Message whole(Name name, int type, QueryBudget budget) {
        Message message = CnameChain.complete(message(asked(name, type, budget), name, type), type,
            target -> message(asked(target, type, budget), target, type));
        zones.after(message, (zone, needed) -> kept(zone, needed, budget));
        List<NSEC3Record> hashed = message.getSection(Section.AUTHORITY).stream()
            .filter(NSEC3Record.class::isInstance).map(NSEC3Record.class::cast).toList();
        if (!hashed.isEmpty()) {
            budget.hashing(hashed.stream().allMatch(record -> record.getIterations() > MAX_ITERATIONS)
                ? QueryBudget.Hashing.TOO_COSTLY : QueryBudget.Hashing.AFFORDABLE);
        }
        return message;
    }

    private Reply asked(Name name, int type, QueryBudget budget) {
        return budget.spend() ? stub.ask(servers.get(), name, type, StubResolver.Asking.SIGNATURES, budget.deadline())
            : new Reply.Failed("more than " + QueryBudget.MAX_QUERIES + " queries to validate one answer");
    }

    /** Reports a failure to the validator, which expects an exception. */
    private static Message message(Reply reply, Name name, int type) {
        return switch (reply) {
            case Reply.Answered answered -> answered.message();
            case Reply.Bogus bogus -> throw new Unanswered(bogus.reason());
            case Reply.Failed failed ->
                throw new Unanswered(Type.string(type) + " of " + name.toString(true) + ": " + failed.reason());
        };
    }

    /** The validator writes into the messages it gets, so each look-up needs its own. */
    private Message shown(Message kept, int type) {
        Message own = kept.clone();
        if (order == KeyOrder.REVERSED && type == Type.DNSKEY) {
            List<Record> answers = List.copyOf(own.getSection(Section.ANSWER));
            own.removeAllRecords(Section.ANSWER);
            answers.reversed().forEach(record -> own.addRecord(record, Section.ANSWER));
        }
        return own;
    }

    /** A query without an answer, which proves nothing. */
    static final class Unanswered extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Unanswered(String reason) {
            super(reason, null, false, false);
        }
    }

    @Override
    public void setPort(int port) {
        // the stub knows its servers
    }

    @Override
    public void setTCP(boolean flag) {
        // the stub takes TCP when an answer was truncated
    }

    @Override
    public void setIgnoreTruncation(boolean flag) {
        // never
    }

    @Override
    public void setEDNS(int version, int payloadSize, int flags, List<EDNSOption> options) {
        // the stub always sets EDNS, and DO where signatures are asked for
    }

    @Override
    public void setTSIGKey(TSIG key) {
        // not used
    }

    @Override
    public void setTimeout(Duration timeout) {
        // the budget has the deadline
    }

    /**
     * The number of queries for one validated question, and the first failure among them. The validator passes its executor on to every
     * query, so the executor carries the budget.
     */
    static final class QueryBudget implements Executor {

        /** Far more than real zones need, which is two per label; a hostile name has up to 127 labels. */
        static final int MAX_QUERIES = 48;

        /** The work that the NSEC3 records of the answer ask for. */
        enum Hashing {
            NONE, AFFORDABLE,
            /** More iterations than allowed (RFC 9276 §3.2). */
            TOO_COSTLY
        }

        private final long deadline;
        private final AtomicInteger queries = new AtomicInteger();
        private final AtomicReference<String> failure = new AtomicReference<>();
        private final AtomicReference<Hashing> hashing = new AtomicReference<>(Hashing.NONE);

        /** @param deadline on {@link System#nanoTime}'s clock */
        QueryBudget(long deadline) {
            this.deadline = deadline;
        }

        @Override
        public void execute(Runnable task) {
            Thread.startVirtualThread(task);
        }

        long deadline() {
            return deadline;
        }

        /** Whether another query may be made. */
        boolean spend() {
            return queries.incrementAndGet() <= MAX_QUERIES;
        }

        void failed(String reason) {
            failure.compareAndSet(null, reason);
        }

        /** The first query that got no answer. */
        Optional<String> failure() {
            return Optional.ofNullable(failure.get());
        }

        void hashing(Hashing seen) {
            hashing.set(seen);
        }

        Hashing hashing() {
            return hashing.get();
        }
    }
}
