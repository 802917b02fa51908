package jamestls.mtasts.dns;

import jamestls.mtasts.dns.DnssecState.Standing;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.Type;

/**
 * Finds out through which resolvers DNSSEC can be had: those by which the top of the tree validates. A resolver that strips
 * signatures would make everything bogus, unsigned domains included, and so hold all mail. Asked at start, which also warms
 * up the validator, and again with the first look-up after an hour, or a minute if nobody answered. What changes is said
 * once in the log.
 */
final class DnssecProbe {

    private static final Logger LOGGER = LoggerFactory.getLogger(DnssecProbe.class);
    private static final Duration AGAIN = Duration.ofHours(1);
    private static final Duration SOON = Duration.ofMinutes(1);

    /** @param capable the resolvers to use for validation; empty unless there are any */
    private record Finding(DnssecState state, List<InetSocketAddress> capable, Instant until) {
    }

    private sealed interface Witness {

        record Capable() implements Witness {
        }

        record Incapable(String reason) implements Witness {
        }

        record Silent(String reason) implements Witness {
        }
    }

    private final DnsSettings settings;
    private final Recursor recursor;
    private final Clock clock;
    private final AtomicReference<Finding> last;
    private final AtomicReference<CompletableFuture<Void>> running = new AtomicReference<>();

    DnssecProbe(DnsSettings settings, Recursor recursor, Clock clock) {
        this.settings = settings;
        this.recursor = recursor;
        this.clock = clock;
        this.last = new AtomicReference<>(new Finding(
            new DnssecState(Standing.UNKNOWN, "not asked yet", clock.instant()), List.of(), Instant.MIN));
    }

    DnssecState state() {
        startIfDue();
        return last.get().state();
    }

    /** The resolvers to validate through; all of them while nothing is known. Waits for the very first probe. */
    List<InetSocketAddress> capable(long deadline) {
        CompletableFuture<Void> probing = startIfDue();
        if (last.get().until().equals(Instant.MIN)) {
            await(probing, deadline);
        }
        Finding finding = last.get();
        return finding.state().standing() == Standing.UNKNOWN ? settings.servers() : finding.capable();
    }

    /** The probe under way, or one that is over. */
    CompletableFuture<Void> startIfDue() {
        CompletableFuture<Void> before = running.get();
        boolean due = !clock.instant().isBefore(last.get().until());
        if (!due || before != null && !before.isDone()) {
            return before == null ? CompletableFuture.completedFuture(null) : before;
        }
        CompletableFuture<Void> mine = new CompletableFuture<>();
        if (running.compareAndSet(before, mine)) {
            Thread.ofVirtual().name("dnssec-probe").start(() -> {
                try {
                    conclude();
                } finally {
                    mine.complete(null);
                }
            });
            return mine;
        }
        return running.get();
    }

    private void conclude() {
        List<InetSocketAddress> capable = new ArrayList<>();
        List<String> incapable = new ArrayList<>();
        List<String> silent = new ArrayList<>();
        for (InetSocketAddress server : settings.servers()) {
            String where = server.getAddress().getHostAddress() + " port " + server.getPort();
            switch (witness(server)) {
                case Witness.Capable yes -> capable.add(server);
                case Witness.Incapable no -> incapable.add(where + ": " + no.reason());
                case Witness.Silent nothing -> silent.add(where + ": " + nothing.reason());
            }
        }
        if (!capable.isEmpty()) {
            learn(Standing.VALIDATING, capable, "through " + capable.size() + " of " + settings.servers().size() + " resolvers", AGAIN);
        } else if (!incapable.isEmpty()) {
            learn(Standing.UNAVAILABLE, List.of(), String.join("; ", incapable), AGAIN);
        } else if (last.get().state().standing() == Standing.UNKNOWN) {
            learn(Standing.UNKNOWN, List.of(), String.join("; ", silent), SOON);
        } else {
            // nobody answers: that says nothing about DNSSEC, so what was known stays
            Finding known = last.get();
            last.set(new Finding(known.state(), known.capable(), clock.instant().plus(SOON)));
        }
    }

    private void learn(Standing standing, List<InetSocketAddress> capable, String detail, Duration hold) {
        Instant now = clock.instant();
        DnssecState before = last.get().state();
        boolean same = before.standing() == standing && !last.get().until().equals(Instant.MIN);
        last.set(new Finding(new DnssecState(standing, detail, same ? before.since() : now), List.copyOf(capable), now.plus(hold)));
        if (same) {
            return;
        }
        switch (standing) {
            case UNAVAILABLE -> LOGGER.warn("dnssec: not available, so DANE is off and no mail is held for it. {}", detail);
            case UNKNOWN -> LOGGER.warn("dnssec: not known yet, no resolver answers. {}", detail);
            default -> LOGGER.info("dnssec: answers are validated {}", detail);
        }
    }

    private Witness witness(InetSocketAddress server) {
        long deadline = System.nanoTime() + settings.lookupDeadline().toNanos();
        Validator validator = new Validator(recursor, () -> List.of(server), settings.anchors(), new KeyShelf(16, System::nanoTime), clock);
        return switch (validator.ask(settings.anchors().top(), Type.SOA, deadline)) {
            case Source.Reply.Heard heard when heard.security() == Security.SECURE -> new Witness.Capable();
            case Source.Reply.Heard heard -> new Witness.Incapable("the top of the tree is not signed");
            case Source.Reply.Forged forged -> new Witness.Incapable(forged.reason());
            case Source.Reply.Unknown unknown -> plainWitness(server, unknown.reason(), deadline);
        };
    }

    /** Some resolvers choke on the very question. */
    private Witness plainWitness(InetSocketAddress server, String reason, long deadline) {
        Source.Reply plain = recursor.ask(List.of(server), settings.anchors().top(), Type.SOA, Recursor.Asking.PLAIN, deadline);
        return plain instanceof Source.Reply.Heard
            ? new Witness.Incapable("answers, but not when asked for signatures: " + reason) : new Witness.Silent(reason);
    }

    private static void await(CompletableFuture<Void> probing, long deadline) {
        try {
            probing.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOGGER.debug("dnssec: the first probe is not over yet");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
