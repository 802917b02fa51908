package jamestls.mtasts.dns;

import jamestls.mtasts.dns.DnssecState.Standing;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.List;
import java.util.function.LongSupplier;
import org.xbill.DNS.Name;

/** Chooses who vouches for an answer: our validator, the resolver, or nobody ({@link DnssecMode}, {@link DnssecProbe}). */
interface Vouching extends Source {

    DnssecState state();

    /** Finds out in the background what {@link #state} is going to be, and warms up. */
    default void start() {
        // nothing to find out
    }

    static Vouching by(DnsSettings settings, Recursor recursor, Clock clock, LongSupplier nanoClock) {
        return switch (settings.dnssec()) {
            case VALIDATE -> new Ours(settings, recursor, clock, nanoClock);
            case TRUST_AD -> new Fixed(new ServersVerdict(recursor, settings.servers()), new DnssecState(Standing.TRUSTING_RESOLVER,
                "the resolver on this machine validates", clock.instant()));
            case OFF -> new Fixed(recursor, new DnssecState(Standing.OFF, "switched off by configuration", clock.instant()));
        };
    }

    /** As configured, whatever happens. */
    record Fixed(Source source, DnssecState state) implements Vouching {

        @Override
        public Reply ask(Name name, int type, long deadline) {
            return source.ask(name, type, deadline);
        }
    }

    /** Validates where resolvers let us. */
    final class Ours implements Vouching {

        private final Recursor recursor;
        private final DnssecProbe probe;
        private final Validator validator;

        private Ours(DnsSettings settings, Recursor recursor, Clock clock, LongSupplier nanoClock) {
            this.recursor = recursor;
            this.probe = new DnssecProbe(settings, recursor, clock);
            this.validator = new Validator(recursor, () -> probe.capable(System.nanoTime()), settings.anchors(),
                new KeyShelf(settings.cacheEntries(), nanoClock), clock);
        }

        @Override
        public Reply ask(Name name, int type, long deadline) {
            List<InetSocketAddress> capable = probe.capable(deadline);
            return capable.isEmpty() ? recursor.ask(name, type, deadline) : validator.ask(name, type, deadline);
        }

        @Override
        public DnssecState state() {
            return probe.state();
        }

        @Override
        public void start() {
            probe.startIfDue();
        }
    }
}
