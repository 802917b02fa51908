package jamestls.dns;

import jamestls.dns.DnsSettings.DnssecMode;
import jamestls.dns.RecordParser.Reading;
import jamestls.net.SanitizedLogger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * DNS look-ups through configured recursive servers, never through the JVM's resolver. Look-ups are bounded in time, in
 * concurrent queries and in the size of answers; answers are cached for their TTL, positive ones for at most
 * an hour, negative ones for at most five minutes, failures for one second. Simultaneous look-ups of the same question share one
 * query. TXT records have one character per byte (ISO 8859-1), so that different bytes stay different.
 *
 * <p>{@link DnssecMode} says how an answer is found to be secure. Bogus answers are cached for a minute, which bounds the work that
 * a broken zone causes. Without DNSSEC, by configuration or because the resolvers strip it
 * ({@link #dnssec}), every answer is {@link Security#INSECURE} and {@code Bogus} does not occur: a validating server reports
 * bogus data as SERVFAIL, which is {@code Failed} then.
 */
public final class DnsjavaDns implements Dns {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(DnsjavaDns.class);
    /** The size of a usual answer, by which the cache is bounded. */
    private static final int BYTES_PER_ENTRY = 1_024;

    private final DnssecResolver resolver;
    private final Optional<DnssecProbe> probe;
    private final Instant since;
    private final Duration lookupDeadline;
    private final AnswerCache<MxRecord> mx;
    private final AnswerCache<InetAddress> aaaa;
    private final AnswerCache<InetAddress> a;
    private final AnswerCache<String> txt;
    private final AnswerCache<TlsaRecord> tlsa;
    private final AnswerCache<DomainName> cname;

    /** Nothing is sent until {@link #start} or the first look-up. */
    public DnsjavaDns(DnsSettings settings) {
        this(settings, Clock.systemUTC());
    }

    /** @param clock for the dates of signatures and the hours between probes */
    public DnsjavaDns(DnsSettings settings, Clock clock) {
        this(settings, clock, System::nanoTime);
    }

    /** @param cacheClock nanoseconds that run monotonically, for the age of cached answers */
    DnsjavaDns(DnsSettings settings, Clock clock, LongSupplier cacheClock) {
        StubResolver stub = new StubResolver(settings);
        this.since = clock.instant();
        this.probe = switch (settings.dnssec()) {
            case VALIDATE -> Optional.of(DnssecProbe.ofSignatures(settings, stub, clock));
            case TRUST_AD -> Optional.of(DnssecProbe.ofVerdicts(settings, stub, clock));
            case OFF -> Optional.empty();
        };
        this.resolver = probe.<DnssecResolver>map(found -> new DnssecResolver.Probed(stub, found,
            validating(settings, stub, () -> found.capable(System.nanoTime()), clock, cacheClock))).orElse(stub);
        this.lookupDeadline = settings.lookupDeadline();
        long bytes = (long) settings.cacheEntries() * BYTES_PER_ENTRY;
        this.mx = new AnswerCache<>(bytes, cacheClock, name -> lookUp(name, Type.MX, RecordParser::mx));
        this.aaaa = new AnswerCache<>(bytes, cacheClock, name -> lookUp(name, Type.AAAA, RecordParser::addresses));
        this.a = new AnswerCache<>(bytes, cacheClock, name -> lookUp(name, Type.A, RecordParser::addresses));
        this.txt = new AnswerCache<>(bytes, cacheClock, name -> lookUp(name, Type.TXT, RecordParser::txt));
        this.tlsa = new AnswerCache<>(bytes, cacheClock, name -> lookUp(name, Type.TLSA, RecordParser::tlsa));
        this.cname = new AnswerCache<>(bytes, cacheClock, name -> lookUp(name, Type.CNAME, RecordParser::cname));
    }

    private static DnssecResolver validating(DnsSettings settings, StubResolver stub, Supplier<List<InetSocketAddress>> servers,
                                             Clock clock, LongSupplier cacheClock) {
        return settings.dnssec() == DnssecMode.TRUST_AD ? new DnssecResolver.AdBit(stub, servers)
            : new Validator(stub, servers, settings.anchors(), new DnskeyCache(settings.cacheEntries(), cacheClock), clock);
    }

    /** Starts the DNSSEC probe in the background, so that the first mail need not wait for it. */
    public DnsjavaDns start() {
        probe.ifPresent(DnssecProbe::startIfDue);
        return this;
    }

    /** The DNSSEC state; starts a new probe in the background if the last one is older than an hour. */
    public DnssecState dnssec() {
        return probe.map(DnssecProbe::state)
            .orElseGet(() -> new DnssecState(DnssecState.Standing.OFF, "switched off by configuration", since));
    }

    @Override
    public DnsAnswer<MxRecord> mx(DomainName domain) {
        return awaited(domain, Type.MX, mx.get(domain));
    }

    @Override
    public DnsAnswer<InetAddress> addresses(DomainName host) {
        CompletableFuture<AnswerCache.Kept<InetAddress>> v6 = aaaa.get(host);
        CompletableFuture<AnswerCache.Kept<InetAddress>> v4 = a.get(host);
        return together(awaited(host, Type.AAAA, v6), awaited(host, Type.A, v4));
    }

    @Override
    public DnsAnswer<String> txt(DomainName name) {
        return awaited(name, Type.TXT, txt.get(name));
    }

    @Override
    public DnsAnswer<TlsaRecord> tlsa(DomainName owner) {
        return awaited(owner, Type.TLSA, tlsa.get(owner));
    }

    @Override
    public DnsAnswer<DomainName> cname(DomainName alias) {
        return awaited(alias, Type.CNAME, cname.get(alias));
    }

    @Override
    public boolean prefetch(Question question, DomainName name) {
        return switch (question) {
            // both are begun, whatever the first says
            case ADDRESSES -> aaaa.prefetch(name) | a.prefetch(name);
            case TXT -> txt.prefetch(name);
            case TLSA -> {
                Thread.startVirtualThread(() -> prefetchIfSigned(name));
                yield true;
            }
        };
    }

    private void prefetchIfSigned(DomainName owner) {
        try {
            if (resolver.isSigned(wireName(owner), System.nanoTime() + lookupDeadline.toNanos())) {
                tlsa.prefetch(owner);
            }
        } catch (RuntimeException e) {
            // whoever needs the records will meet and report the same
            LOGGER.debug("TLSA records of {} were not looked up early", owner, e);
        }
    }

    private <T> AnswerCache.Fresh<T> lookUp(DomainName name, int type, Function<List<Record>, Reading<T>> reading) {
        CnameChain.End end = CnameChain.follow(resolver, wireName(name), type, System.nanoTime() + lookupDeadline.toNanos());
        return new AnswerCache.Fresh<>(answer(end, what(name, type), reading), end.ttl());
    }

    private <T> DnsAnswer<T> awaited(DomainName name, int type, CompletableFuture<AnswerCache.Kept<T>> flight) {
        try {
            return flight.get(lookupDeadline.toNanos(), TimeUnit.NANOSECONDS).answer();
        } catch (TimeoutException e) {
            return new DnsAnswer.Failed<>(what(name, type) + ": no answer within " + lookupDeadline.toMillis() + " ms");
        } catch (ExecutionException e) {
            return new DnsAnswer.Failed<>(what(name, type) + ": " + e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new DnsAnswer.Failed<>(what(name, type) + ": interrupted");
        }
    }

    private static <T> DnsAnswer<T> answer(CnameChain.End end, String what, Function<List<Record>, Reading<T>> reading) {
        return switch (end) {
            case CnameChain.End.Failed failed -> new DnsAnswer.Failed<>(failed.reason());
            case CnameChain.End.Bogus bogus -> new DnsAnswer.Bogus<>(bogus.reason());
            case CnameChain.End.Absent absent -> new DnsAnswer.Absent<>(absent.security());
            case CnameChain.End.Records found -> {
                Optional<DomainName> owner = RecordParser.domainName(found.owner());
                if (owner.isEmpty()) {
                    yield new DnsAnswer.Failed<>(what + ": leads by CNAME to '" + found.owner() + "', which is not a host name");
                }
                yield switch (reading.apply(found.records())) {
                    case Reading.Read<T> read -> new DnsAnswer.Found<>(read.records(), found.security(), owner.get());
                    case Reading.Unusable<T> unusable -> new DnsAnswer.Failed<>(what + ": " + unusable.reason());
                };
            }
        };
    }

    /** One answer from both families; see {@link Dns#addresses} for which error counts. */
    private static DnsAnswer<InetAddress> together(DnsAnswer<InetAddress> v6, DnsAnswer<InetAddress> v4) {
        if (v6 instanceof DnsAnswer.Found<InetAddress> six && v4 instanceof DnsAnswer.Found<InetAddress> four) {
            List<InetAddress> both = new ArrayList<>(six.records().size() + four.records().size());
            both.addAll(six.records());
            both.addAll(four.records());
            return new DnsAnswer.Found<>(both,
                six.security().weaker(four.security()), six.canonicalName());
        }
        if (v6 instanceof DnsAnswer.Absent<InetAddress> six && v4 instanceof DnsAnswer.Absent<InetAddress> four) {
            return new DnsAnswer.Absent<>(six.security().weaker(four.security()));
        }
        return weight(v4) < weight(v6) ? v4 : v6;
    }

    /** Which of two unlike answers speaks for both: addresses, then what forbids going on, then what is not known. */
    private static int weight(DnsAnswer<InetAddress> answer) {
        return switch (answer) {
            case DnsAnswer.Found<InetAddress> found -> 0;
            case DnsAnswer.Bogus<InetAddress> bogus -> 1;
            case DnsAnswer.Failed<InetAddress> failed -> 2;
            case DnsAnswer.Absent<InetAddress> absent -> 3;
        };
    }

    private static String what(DomainName name, int type) {
        return Type.string(type) + " of " + name;
    }

    private static Name wireName(DomainName name) {
        try {
            return Name.fromString(name.ascii(), Name.root);
        } catch (TextParseException e) {
            // a DomainName has labels of 1 to 63 and 253 characters at most
            throw new IllegalArgumentException(name.ascii(), e);
        }
    }
}
