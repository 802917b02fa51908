package jamestls.dns;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
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
 * Asks one question of the configured servers until one of them has an answer. A server that fails (SERVFAIL, REFUSED,
 * anything unreadable) is not asked again for the same question; one that was silent gets a second chance, because UDP
 * loses datagrams.
 */
final class StubResolver implements DnssecResolver {

    /** What fits into one unfragmented datagram nearly everywhere (DNS flag day 2020); longer answers come by TCP. */
    private static final int EDNS_PAYLOAD = 1232;
    private static final int ROUNDS = 2;

    static {
        RecordParser.RawTlsa.register();
    }

    private final DnsSettings settings;
    private final Semaphore slots;

    StubResolver(DnsSettings settings) {
        this.settings = settings;
        this.slots = new Semaphore(settings.concurrentQueries());
    }

    /** What is asked for beside the records. */
    enum Asking {
        /** Nothing. */
        PLAIN,
        /** That the server says whether it has validated the answer: the AD bit in a query (RFC 6840 §5.7). */
        VERDICT,
        /** Signatures and proofs, and the answer even if the server thinks it bogus: DO and CD (RFC 4035 §4.9.2). */
        SIGNATURES
    }

    private sealed interface Attempt {

        record Answered(Message message) implements Attempt {
        }

        record Silent(String reason) implements Attempt {
        }

        record Broken(String reason) implements Attempt {
        }
    }

    @Override
    public Reply ask(Name name, int type, long deadline) {
        return ask(settings.servers(), name, type, Asking.PLAIN, deadline);
    }

    /** @param deadline on {@link System#nanoTime}'s clock */
    Reply ask(List<InetSocketAddress> servers, Name name, int type, Asking asking, long deadline) {
        List<String> reasons = new ArrayList<>();
        List<InetSocketAddress> toAsk = servers;
        for (int round = 0; round < ROUNDS && !toAsk.isEmpty(); round++) {
            List<InetSocketAddress> silent = new ArrayList<>();
            for (InetSocketAddress server : toAsk) {
                if (deadline - System.nanoTime() <= 0) {
                    reasons.add("no time left");
                    return new Reply.Failed(String.join("; ", reasons));
                }
                switch (attempt(server, name, type, asking, deadline)) {
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

    private Attempt attempt(InetSocketAddress server, Name name, int type, Asking asking, long deadline) {
        String where = server.getAddress().getHostAddress() + " port " + server.getPort();
        try {
            if (!slots.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                return new Attempt.Silent("no free slot among " + settings.concurrentQueries() + " queries");
            }
            try {
                return judged(send(server, name, type, asking, deadline), type, where);
            } finally {
                slots.release();
            }
        } catch (TimeoutException e) {
            return new Attempt.Silent(where + " did not answer in time");
        } catch (ExecutionException e) {
            return isTimeout(e.getCause()) ? new Attempt.Silent(where + " did not answer in time")
                : new Attempt.Broken(where + ": " + e.getCause().getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Attempt.Broken("interrupted");
        }
    }

    private Message send(InetSocketAddress server, Name name, int type, Asking asking, long deadline)
        throws InterruptedException, ExecutionException, TimeoutException {
        Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
        Duration patience = left.compareTo(settings.queryTimeout()) < 0 ? left : settings.queryTimeout();
        SimpleResolver resolver = new SimpleResolver(server);
        resolver.setEDNS(0, EDNS_PAYLOAD, asking == Asking.SIGNATURES ? ExtendedFlags.DO : 0, List.of());
        resolver.setTimeout(patience);
        Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
        if (asking != Asking.PLAIN) {
            query.getHeader().setFlag(asking == Asking.VERDICT ? Flags.AD : Flags.CD);
        }
        // the resolver looks at its clock about once a second only, so the time is also kept here
        return resolver.sendAsync(query, Thread::startVirtualThread).toCompletableFuture().get(patience.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static Attempt judged(Message message, int type, String where) {
        int rcode = message.getRcode();
        return rcode == Rcode.NOERROR || rcode == Rcode.NXDOMAIN ? new Attempt.Answered(message)
            : new Attempt.Broken(where + " answered " + Rcode.string(rcode) + " for " + Type.string(type));
    }

    private static boolean isTimeout(Throwable cause) {
        return cause instanceof TimeoutException
            || cause.getMessage() != null && cause.getMessage().toLowerCase(Locale.ROOT).contains("timed out");
    }
}
