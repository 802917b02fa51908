package jamestls.dns;

import jamestls.dns.DnsSettings.DnssecMode;
import java.io.EOFException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/**
 * Sends a query to the configured servers until one answers. A server that fails (SERVFAIL, REFUSED, a malformed message) is not
 * queried again for the same question; one that did not answer is queried twice, because UDP loses datagrams.
 *
 * <p>Queries have an OPT record (EDNS, RFC 6891), except to servers that answer only without it, as the probe found. With
 * {@link DnssecMode#OFF} nothing can be downgraded, so a query that fails with OPT is repeated without.
 */
final class StubResolver implements DnssecResolver {

    /** The UDP payload size that avoids fragmentation (DNS flag day 2020); longer answers use TCP. */
    private static final int EDNS_PAYLOAD = 1232;
    private static final int NO_EDNS = -1;
    private static final int ROUNDS = 2;
    /** A failure after a longer time counts as no answer, because the resolver waited for a name server. */
    private static final long LATE_NANOS = Duration.ofSeconds(1).toNanos();

    static {
        RecordParser.RawTlsa.register();
    }

    private final DnsSettings settings;
    private final QuerySlots slots;
    private final Set<InetSocketAddress> withoutEdns = ConcurrentHashMap.newKeySet();

    StubResolver(DnsSettings settings) {
        this.settings = settings;
        this.slots = new QuerySlots(settings.concurrentQueries(), System::nanoTime);
    }

    /** Whether a query has an OPT record. */
    enum Edns { USED, NOT_USED }

    /** Decides for all later queries to {@code server}. */
    void use(Edns edns, InetSocketAddress server) {
        if (edns == Edns.NOT_USED) {
            withoutEdns.add(server);
        } else {
            withoutEdns.remove(server);
        }
    }

    /** What a query requests besides the records. */
    enum Asking {
        /** Nothing else. */
        PLAIN,
        /** That the server says whether it has validated the answer: the AD bit in a query (RFC 6840 §5.7). */
        VERDICT,
        /** Signatures and proofs, and the answer even if the server thinks it bogus: DO and CD (RFC 4035 §4.9.2). */
        SIGNATURES
    }

    private enum Fault {
        /** FORMERR or NOTIMP. */
        FORMAT,
        OTHER
    }

    private sealed interface Attempt {

        record Answered(Message message) implements Attempt {
        }

        record Silent(String reason) implements Attempt {
        }

        record Broken(String reason, Fault fault) implements Attempt {
        }
    }

    @Override
    public Reply ask(Name name, int type, long deadline) {
        return ask(settings.servers(), name, type, Asking.PLAIN, deadline);
    }

    /** @param deadline on {@link System#nanoTime}'s clock */
    Reply ask(List<InetSocketAddress> servers, Name name, int type, Asking asking, long deadline) {
        long start = System.nanoTime();
        Reply reply = askInTurn(servers, name, type, asking, deadline);
        if (reply instanceof Reply.Answered) {
            slots.answered(name);
        } else if (System.nanoTime() - start > LATE_NANOS) {
            slots.unanswered(name);
        }
        return reply;
    }

    private Reply askInTurn(List<InetSocketAddress> servers, Name name, int type, Asking asking, long deadline) {
        List<String> reasons = new ArrayList<>();
        List<InetSocketAddress> toAsk = servers;
        for (int round = 0; round < ROUNDS && !toAsk.isEmpty(); round++) {
            List<InetSocketAddress> silent = new ArrayList<>();
            for (InetSocketAddress server : toAsk) {
                if (deadline - System.nanoTime() <= 0) {
                    reasons.add("no time left");
                    return new Reply.Failed(String.join("; ", reasons));
                }
                Edns edns = withoutEdns.contains(server) || mayDowngrade() && round > 0 ? Edns.NOT_USED : Edns.USED;
                Attempt attempt = attempt(server, name, type, asking, edns, deadline);
                if (mayDowngrade() && edns == Edns.USED && attempt instanceof Attempt.Broken no && no.fault() == Fault.FORMAT) {
                    // RFC 6891 §7: a server that does not know OPT may say FORMERR or NOTIMP
                    attempt = attempt(server, name, type, asking, Edns.NOT_USED, deadline);
                }
                switch (attempt) {
                    case Attempt.Answered answered -> {
                        return new Reply.Answered(answered.message(), Security.INSECURE, MAX_TTL);
                    }
                    case Attempt.Silent no -> {
                        reasons.add(no.reason());
                        silent.add(server);
                    }
                    case Attempt.Broken no -> reasons.add(no.reason());
                }
            }
            toAsk = silent;
        }
        return new Reply.Failed(String.join("; ", reasons));
    }

    /** Whether {@code server} answers one query, sent once, whatever the records are. */
    boolean answers(InetSocketAddress server, Name name, int type, Edns edns) {
        long deadline = System.nanoTime() + settings.queryTimeout().toNanos();
        return attempt(server, name, type, Asking.PLAIN, edns, deadline) instanceof Attempt.Answered;
    }

    private boolean mayDowngrade() {
        return settings.dnssec() == DnssecMode.OFF;
    }

    private Attempt attempt(InetSocketAddress server, Name name, int type, Asking asking, Edns edns, long deadline) {
        // this beginning is how the text for strangers finds the address and leaves it out
        String where = "resolver " + server.getAddress().getHostAddress() + " port " + server.getPort();
        try {
            Optional<QuerySlots.Slot> slot = slots.acquire(name, deadline);
            if (slot.isEmpty()) {
                return new Attempt.Silent("too many concurrent queries: no free slot for the domain");
            }
            try (QuerySlots.Slot held = slot.get()) {
                return judged(send(server, name, type, asking, edns, deadline), type, where);
            }
        } catch (TimeoutException e) {
            return new Attempt.Silent(where + " did not answer in time");
        } catch (ExecutionException e) {
            return isTimeout(e.getCause()) ? new Attempt.Silent(where + " did not answer in time")
                : new Attempt.Broken(where + ": " + cause(e.getCause()), Fault.OTHER);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Attempt.Broken("interrupted", Fault.OTHER);
        }
    }

    private Message send(InetSocketAddress server, Name name, int type, Asking asking, Edns edns, long deadline)
        throws InterruptedException, ExecutionException, TimeoutException {
        Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
        Duration patience = left.compareTo(settings.queryTimeout()) < 0 ? left : settings.queryTimeout();
        SimpleResolver resolver = new SimpleResolver(server);
        if (edns == Edns.USED) {
            resolver.setEDNS(0, EDNS_PAYLOAD, asking == Asking.SIGNATURES ? ExtendedFlags.DO : 0, List.of());
        } else {
            resolver.setEDNS(NO_EDNS);
        }
        resolver.setTimeout(patience);
        Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
        if (asking != Asking.PLAIN) {
            query.getHeader().setFlag(asking == Asking.VERDICT ? Flags.AD : Flags.CD);
        }
        // dnsjava checks its time-outs about once a second only, so the deadline is enforced here, too
        return resolver.sendAsync(query, Thread::startVirtualThread).toCompletableFuture().get(patience.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static Attempt judged(Message message, int type, String where) {
        int rcode = message.getRcode();
        return rcode == Rcode.NOERROR || rcode == Rcode.NXDOMAIN ? new Attempt.Answered(message)
            : new Attempt.Broken(where + " answered " + Rcode.string(rcode) + " for " + Type.string(type),
                rcode == Rcode.FORMERR || rcode == Rcode.NOTIMP ? Fault.FORMAT : Fault.OTHER);
    }

    /** The cause in words: for a closed port the JDK's exceptions have no message. */
    private static String cause(Throwable failure) {
        if (failure instanceof PortUnreachableException || failure instanceof ConnectException) {
            return "connection refused";
        }
        if (failure instanceof EOFException || failure instanceof ClosedChannelException) {
            return "connection closed";
        }
        return Optional.ofNullable(failure.getMessage()).filter(message -> !message.isBlank()).orElse("network error");
    }

    private static boolean isTimeout(Throwable cause) {
        return cause instanceof TimeoutException
            || cause.getMessage() != null && cause.getMessage().toLowerCase(Locale.ROOT).contains("timed out");
    }
}
