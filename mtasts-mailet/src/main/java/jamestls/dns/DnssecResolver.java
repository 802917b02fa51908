package jamestls.dns;

import jamestls.dns.DnssecState.Standing;
import java.time.Clock;
import java.util.function.LongSupplier;
import org.xbill.DNS.Name;

/** Chooses who vouches for an answer: our validator, the resolver, or nobody ({@link DnssecMode}, {@link DnssecProbe}). */
interface DnssecResolver extends Source {

    DnssecState state();

    /** Finds out in the background what {@link #state} is going to be, and warms up. */
    default void start() {
        // nothing to find out
    }

    static DnssecResolver by(DnsSettings settings, StubResolver recursor, Clock clock, LongSupplier nanoClock) {
        return switch (settings.dnssec()) {
            case VALIDATE -> {
                DnssecProbe probe = DnssecProbe.ofSignatures(settings, recursor, clock);
                yield new Probed(recursor, probe, new Validator(recursor, () -> probe.capable(System.nanoTime()), settings.anchors(),
                    new DnskeyCache(settings.cacheEntries(), nanoClock), clock));
            }
            case TRUST_AD -> {
                DnssecProbe probe = DnssecProbe.ofVerdicts(settings, recursor, clock);
                yield new Probed(recursor, probe, new AdBitResolver(recursor, () -> probe.capable(System.nanoTime())));
            }
            case OFF -> new Fixed(recursor, new DnssecState(Standing.OFF, "switched off by configuration", clock.instant()));
        };
    }

    /** As configured, whatever happens. */
    record Fixed(Source source, DnssecState state) implements DnssecResolver {

        @Override
        public Reply ask(Name name, int type, long deadline) {
            return source.ask(name, type, deadline);
        }
    }

    /** As far as the resolvers are fit for it. */
    record Probed(StubResolver recursor, DnssecProbe probe, Source judged) implements DnssecResolver {

        @Override
        public Reply ask(Name name, int type, long deadline) {
            return probe.capable(deadline).isEmpty() ? recursor.ask(name, type, deadline) : judged.ask(name, type, deadline);
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
