package jamestls.dns;

import jamestls.dns.DnssecState.Standing;
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
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Type;

/**
 * Finds out through which resolvers DNSSEC can be had: where we validate, those by which the top of the tree validates, for
 * one that strips signatures would make everything bogus, unsigned domains included, and so hold all mail; where the
 * resolver is believed, those that say of the top of the tree that it is secure. Asked at start, which also warms up the
 * validator, and again with the first look-up after an hour, or a minute if nobody answered. What changes is said once in
 * the log.
 */
final class DnssecProbe {

    private static final Logger LOGGER = LoggerFactory.getLogger(DnssecProbe.class);
    private static final Duration AGAIN = Duration.ofHours(1);
    private static final Duration SOON = Duration.ofMinutes(1);

    /** @param capable the resolvers to use for validation; empty unless there are any */
    private record Finding(DnssecState state, List<InetSocketAddress> capable, Instant until) {
    }

    /** What one resolver showed. */
    sealed interface Witness {

        record Capable() implements Witness {
        }

        record Incapable(String reason) implements Witness {
        }

        record Silent(String reason) implements Witness {
        }
    }

    private final DnsSettings settings;
    private final Standing ifCapable;
    private final Function<InetSocketAddress, Witness> witness;
    private final Clock clock;
    private final AtomicReference<Finding> last;
    private final AtomicReference<CompletableFuture<Void>> running = new AtomicReference<>();

    private DnssecProbe(DnsSettings settings, Standing ifCapable, Function<InetSocketAddress, Witness> witness, Clock clock) {
        this.settings = settings;
        this.ifCapable = ifCapable;
        this.witness = witness;
        this.clock = clock;
        this.last = new AtomicReference<>(new Finding(
            new DnssecState(Standing.NOT_ASKED, "not asked yet", clock.instant()), List.of(), Instant.MIN));
    }

    /** For resolvers whose answers we validate. */
    static DnssecProbe ofSignatures(DnsSettings settings, StubResolver recursor, Clock clock) {
        return new DnssecProbe(settings, Standing.VALIDATING, server -> handingThrough(server, settings, recursor, clock), clock);
    }

    /** For resolvers whose word we take. */
    static DnssecProbe ofVerdicts(DnsSettings settings, StubResolver recursor, Clock clock) {
        return new DnssecProbe(settings, Standing.TRUSTING_RESOLVER, server -> validating(server, settings, recursor), clock);
    }

    DnssecState state() {
        startIfDue();
        return last.get().state();
    }

    /** The resolvers to use; all of them while nothing is known. Waits for the very first probe. */
    List<InetSocketAddress> capable(long deadline) {
        CompletableFuture<Void> probing = startIfDue();
        if (last.get().until().equals(Instant.MIN)) {
            await(probing, deadline);
        }
        Finding finding = last.get();
        return isUnknown(finding) ? settings.servers() : finding.capable();
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
            switch (witness.apply(server)) {
                case Witness.Capable yes -> capable.add(server);
                case Witness.Incapable no -> incapable.add(where + ": " + no.reason());
                case Witness.Silent nothing -> silent.add(where + ": " + nothing.reason());
            }
        }
        if (!capable.isEmpty()) {
            learn(ifCapable, capable, "through " + capable.size() + " of " + settings.servers().size() + " resolvers", AGAIN);
        } else if (!incapable.isEmpty()) {
            learn(Standing.UNAVAILABLE, List.of(), String.join("; ", incapable), AGAIN);
        } else if (isUnknown(last.get())) {
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
        boolean same = before.standing() == standing;
        last.set(new Finding(new DnssecState(standing, detail, same ? before.since() : now), List.copyOf(capable), now.plus(hold)));
        if (same) {
            return;
        }
        switch (standing) {
            case UNAVAILABLE -> LOGGER.warn("dnssec: not available, so DANE is off and no mail is held for it. {}", detail);
            case UNKNOWN -> LOGGER.warn("dnssec: not known yet, no resolver answers. {}", detail);
            case TRUSTING_RESOLVER -> LOGGER.info("dnssec: the word of the resolver is taken {}", detail);
            default -> LOGGER.info("dnssec: answers are validated {}", detail);
        }
    }

    private static boolean isUnknown(Finding finding) {
        return finding.state().standing() == Standing.UNKNOWN || finding.state().standing() == Standing.NOT_ASKED;
    }

    /** Whether the top of the tree validates by what this resolver hands through. */
    private static Witness handingThrough(InetSocketAddress server, DnsSettings settings, StubResolver recursor, Clock clock) {
        long deadline = System.nanoTime() + settings.lookupDeadline().toNanos();
        Validator validator = new Validator(recursor, () -> List.of(server), settings.anchors(), new DnskeyCache(16, System::nanoTime),
            clock);
        return switch (validator.ask(settings.anchors().top(), Type.SOA, deadline)) {
            case Source.Reply.Heard heard when heard.security() == Security.SECURE -> new Witness.Capable();
            case Source.Reply.Heard heard -> new Witness.Incapable("the top of the tree is not signed");
            case Source.Reply.Forged forged -> new Witness.Incapable(forged.reason());
            case Source.Reply.Unknown unknown -> plainWitness(server, settings, recursor, unknown.reason(), deadline);
        };
    }

    /** Whether this resolver says of the top of the tree that it is secure (RFC 6840 §5.8). */
    private static Witness validating(InetSocketAddress server, DnsSettings settings, StubResolver recursor) {
        long deadline = System.nanoTime() + settings.lookupDeadline().toNanos();
        return switch (recursor.ask(List.of(server), settings.anchors().top(), Type.SOA, StubResolver.Asking.VERDICT, deadline)) {
            case Source.Reply.Heard heard when heard.message().getHeader().getFlag(Flags.AD) -> new Witness.Capable();
            case Source.Reply.Heard heard -> new Witness.Incapable("does not validate: no AD for the top of the tree");
            case Source.Reply.Forged forged -> new Witness.Incapable(forged.reason());
            case Source.Reply.Unknown unknown -> plainWitness(server, settings, recursor, unknown.reason(), deadline);
        };
    }

    /** Some resolvers choke on the very question. */
    private static Witness plainWitness(InetSocketAddress server, DnsSettings settings, StubResolver recursor, String reason,
        long deadline) {
        Source.Reply plain = recursor.ask(List.of(server), settings.anchors().top(), Type.SOA, StubResolver.Asking.PLAIN, deadline);
        return plain instanceof Source.Reply.Heard
            ? new Witness.Incapable("answers, but not when asked for DNSSEC: " + reason) : new Witness.Silent(reason);
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
