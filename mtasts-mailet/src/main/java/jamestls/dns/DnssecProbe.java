package jamestls.dns;

import jamestls.dns.DnssecResolver.Reply;
import jamestls.dns.DnssecState.Standing;
import jamestls.net.SanitizedLogger;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Name;
import org.xbill.DNS.Type;

/**
 * Finds the resolvers that support DNSSEC. Mode validate: those through which the trust anchor's zone validates; a resolver that
 * strips signatures would make every answer bogus and hold all mail. Mode trust-ad: those that set AD for that zone. Runs at
 * start, which also warms up the validator, and again with the first look-up after an hour, or after a minute if no resolver
 * answered. Each change is logged once.
 */
final class DnssecProbe {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(DnssecProbe.class);
    private static final Duration AGAIN = Duration.ofHours(1);
    private static final Duration SOON = Duration.ofMinutes(1);
    private static final int EDNS_ATTEMPTS = 3;

    /** @param capable the resolvers to use for validation; empty unless there are any */
    private record Finding(DnssecState state, List<InetSocketAddress> capable, Instant until) {
    }

    /** The result for one resolver. */
    sealed interface DnssecProbeResult {

        record Capable() implements DnssecProbeResult {
        }

        /** @param edns whether it answers queries with EDNS at all */
        record Incapable(String reason, StubResolver.Edns edns) implements DnssecProbeResult {

            Incapable(String reason) {
                this(reason, StubResolver.Edns.USED);
            }
        }

        record Silent(String reason) implements DnssecProbeResult {
        }
    }

    private final DnsSettings settings;
    private final StubResolver stub;
    private final Standing ifCapable;
    private final Function<InetSocketAddress, DnssecProbeResult> probing;
    private final Clock clock;
    /** Servers that were capable at least once since the start; used by the probing thread only. */
    private final Set<InetSocketAddress> proven = new HashSet<>();
    private final AtomicReference<Finding> last;
    private final AtomicReference<CompletableFuture<Void>> running = new AtomicReference<>();

    DnssecProbe(DnsSettings settings, StubResolver stub, Standing ifCapable,
                        Function<InetSocketAddress, DnssecProbeResult> probing, Clock clock) {
        this.settings = settings;
        this.stub = stub;
        this.ifCapable = ifCapable;
        this.probing = probing;
        this.clock = clock;
        this.last = new AtomicReference<>(new Finding(
            new DnssecState(Standing.NOT_ASKED, "not asked yet", clock.instant()), List.of(), Instant.MIN));
    }

    /** For resolvers whose answers are validated here. */
    static DnssecProbe ofSignatures(DnsSettings settings, StubResolver stub, Clock clock) {
        return new DnssecProbe(settings, stub, Standing.VALIDATING, server -> handingThrough(server, settings, stub, clock), clock);
    }

    /** For resolvers whose AD bit is trusted. */
    static DnssecProbe ofVerdicts(DnsSettings settings, StubResolver stub, Clock clock) {
        return new DnssecProbe(settings, stub, Standing.TRUSTING_RESOLVER, server -> validating(server, settings, stub), clock);
    }

    DnssecState state() {
        startIfDue();
        return last.get().state();
    }

    /** The resolvers to use; all of them until a probe has succeeded. Waits for the first probe. */
    List<InetSocketAddress> capable(long deadline) {
        CompletableFuture<Void> probing = startIfDue();
        if (last.get().until().equals(Instant.MIN)) {
            await(probing, deadline);
        }
        Finding finding = last.get();
        return isUnknown(finding) ? settings.servers() : finding.capable();
    }

    /** The running probe, or the last one. */
    CompletableFuture<Void> startIfDue() {
        CompletableFuture<Void> before = running.get();
        boolean due = !clock.instant().isBefore(last.get().until());
        if (!due || before != null && !before.isDone()) {
            return before == null ? CompletableFuture.completedFuture(null) : before;
        }
        CompletableFuture<Void> mine = new CompletableFuture<>();
        if (running.compareAndSet(before, mine)) {
            Runnable probe = () -> {
                try {
                    conclude();
                } finally {
                    mine.complete(null);
                }
            };
            try {
                Thread.ofVirtual().name("dnssec-probe").start(probe);
            } catch (OutOfMemoryError noThread) {
                probe.run();
            }
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
            switch (probed(server)) {
                case DnssecProbeResult.Capable yes -> {
                    capable.add(server);
                    stub.use(StubResolver.Edns.USED, server);
                }
                case DnssecProbeResult.Incapable no -> {
                    incapable.add(where + ": " + no.reason());
                    if (!proven.contains(server)) {
                        stub.use(no.edns(), server);
                    }
                }
                case DnssecProbeResult.Silent silence -> silent.add(where + ": " + silence.reason());
            }
        }
        proven.addAll(capable);
        if (!capable.isEmpty()) {
            learn(ifCapable, capable, capable.size() + " of " + settings.servers().size() + " resolvers", AGAIN);
        } else if (!incapable.isEmpty() && !proven.isEmpty()) {
            // otherwise an attacker who drops or forges packets could switch DANE off
            learn(Standing.FAILING, settings.servers().stream().filter(proven::contains).toList(), String.join("; ", incapable), SOON);
        } else if (!incapable.isEmpty()) {
            learn(Standing.UNAVAILABLE, List.of(), String.join("; ", incapable), AGAIN);
        } else if (isUnknown(last.get())) {
            learn(Standing.UNKNOWN, List.of(), String.join("; ", silent), SOON);
        } else {
            // no answer says nothing about DNSSEC, so the state stays
            Finding known = last.get();
            last.set(new Finding(known.state(), known.capable(), clock.instant().plus(SOON)));
        }
    }

    /** One server at which a library throws must not keep us from learning what the others can do. */
    private DnssecProbeResult probed(InetSocketAddress server) {
        try {
            return probing.apply(server);
        } catch (RuntimeException | Error e) {
            LOGGER.warn("DNSSEC: the probe of {} broke off", server, e);
            return new DnssecProbeResult.Silent(e.toString());
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
            case UNAVAILABLE -> LOGGER.warn("DNSSEC: not available, DANE is off; no mail is held for it: {}", detail);
            case FAILING -> LOGGER.warn("DNSSEC: failing through resolvers that supported it before; mail waits: {}", detail);
            case UNKNOWN -> LOGGER.warn("DNSSEC: unknown, no resolver answers: {}", detail);
            case TRUSTING_RESOLVER -> LOGGER.info("DNSSEC: trusting the AD bit of {}", detail);
            default -> LOGGER.info("DNSSEC: validating through {}", detail);
        }
    }

    private static boolean isUnknown(Finding finding) {
        return finding.state().standing() == Standing.UNKNOWN || finding.state().standing() == Standing.NOT_ASKED;
    }

    /** Whether the trust anchor's zone validates through this resolver. */
    private static DnssecProbeResult handingThrough(InetSocketAddress server, DnsSettings settings, StubResolver stub, Clock clock) {
        long deadline = System.nanoTime() + settings.lookupDeadline().toNanos();
        Validator validator = new Validator(stub, () -> List.of(server), settings.anchors(), new DnskeyCache(16, System::nanoTime),
            clock);
        return switch (validator.ask(settings.anchors().top(), Type.SOA, deadline)) {
            case Reply.Answered answered when answered.security() == Security.SECURE -> new DnssecProbeResult.Capable();
            case Reply.Answered answered -> new DnssecProbeResult.Incapable("the top of the tree is not signed");
            case Reply.Bogus bogus -> new DnssecProbeResult.Incapable(bogus.reason());
            case Reply.Failed failed -> withoutDnssec(server, settings, stub, failed.reason());
        };
    }

    /** Whether this resolver sets AD for the trust anchor's zone (RFC 6840 §5.8). */
    private static DnssecProbeResult validating(InetSocketAddress server, DnsSettings settings, StubResolver stub) {
        long deadline = System.nanoTime() + settings.lookupDeadline().toNanos();
        return switch (stub.ask(List.of(server), settings.anchors().top(), Type.SOA, StubResolver.Asking.VERDICT, deadline)) {
            case Reply.Answered answered when answered.message().getHeader().getFlag(Flags.AD) -> new DnssecProbeResult.Capable();
            case Reply.Answered answered -> new DnssecProbeResult.Incapable("does not validate: no AD for the top of the tree");
            case Reply.Bogus bogus -> new DnssecProbeResult.Incapable(bogus.reason());
            case Reply.Failed failed -> withoutDnssec(server, settings, stub, failed.reason());
        };
    }

    /**
     * Finds out why a resolver does not answer queries with DNSSEC. It counts as one without EDNS (RFC 6891 §7) only if the same
     * query failed three times with OPT and was answered without, because lost datagrams look the same.
     */
    private static DnssecProbeResult withoutDnssec(InetSocketAddress server, DnsSettings settings, StubResolver stub, String reason) {
        Name top = settings.anchors().top();
        for (int attempt = 0; attempt < EDNS_ATTEMPTS; attempt++) {
            if (stub.answers(server, top, Type.SOA, StubResolver.Edns.USED)) {
                return new DnssecProbeResult.Incapable("answers, but not when asked for DNSSEC: " + reason);
            }
        }
        return stub.answers(server, top, Type.SOA, StubResolver.Edns.NOT_USED)
            ? new DnssecProbeResult.Incapable("answers only queries without EDNS: " + reason, StubResolver.Edns.NOT_USED)
            : new DnssecProbeResult.Silent(reason);
    }

    private static void await(CompletableFuture<Void> probing, long deadline) {
        try {
            probing.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOGGER.debug("DNSSEC: the first probe is not over yet");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
