package jamestls.mtasts.mx;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.DomainName;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Orders the addresses of a host: IPv6 and IPv4 alternate, as the parameter {@code addressFamilies} says; addresses that recently
 * refused a connection come last. Only a family that is not allowed is left out, so remembered failures can delay a mail but never
 * hold it. Safe for use by many threads.
 */
public final class AddressOrder {

    /** The families to use, as Postfix's {@code smtp_address_preference}; the first family starts, then they alternate. */
    public enum Families {
        /** IPv6 first. */
        BOTH("both"),
        IPV4("ipv4"),
        IPV6("ipv6"),
        IPV4_FIRST("ipv4-first"),
        IPV6_FIRST("ipv6-first");

        private final String parameter;

        Families(String parameter) {
            this.parameter = parameter;
        }

        /** The value of the parameter, in any case; empty if there is no such value. */
        public static Optional<Families> of(String text) {
            return Arrays.stream(values()).filter(each -> each.parameter.equals(text.strip().toLowerCase(Locale.ROOT))).findFirst();
        }

        /** All values of the parameter, for messages. */
        public static String allowed() {
            return Arrays.stream(values()).map(each -> each.parameter).collect(Collectors.joining(", "));
        }

        private boolean allow(InetAddress address) {
            return this != (isIpv4(address) ? IPV6 : IPV4);
        }

        @Override
        public String toString() {
            return parameter;
        }
    }

    /** The error messages of Linux, macOS and the JDK for a family without any route. */
    private static final Pattern NO_ROUTE =
        Pattern.compile("(?i).*(network is unreachable|address family not supported|protocol family unavailable).*");
    private static final Duration FAILED = Duration.ofMinutes(10);
    private static final Duration AVOIDED = Duration.ofDays(1);
    private static final int MAX_REMEMBERED = 10_000;

    private final Families families;
    private final Cache<InetAddress, Boolean> failed;
    private final Cache<Class<?>, Boolean> withoutRoute;
    private final Cache<DomainName, Boolean> avoidIpv6;

    public AddressOrder(Families families) {
        this(families, System::nanoTime);
    }

    /** @param nanoClock nanoseconds that run monotonically */
    AddressOrder(Families families, LongSupplier nanoClock) {
        this.families = families;
        this.failed = memory(FAILED, nanoClock);
        this.withoutRoute = memory(FAILED, nanoClock);
        this.avoidIpv6 = memory(AVOIDED, nanoClock);
    }

    private static <K> Cache<K, Boolean> memory(Duration duration, LongSupplier nanoClock) {
        return Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).expireAfterWrite(duration.toNanos(), TimeUnit.NANOSECONDS)
            .ticker(nanoClock::getAsLong).executor(Runnable::run).build();
    }

    /**
     * Orders the addresses of a host.
     *
     * @param usable the addresses that may be connected to; the caller limits the result, so that the limit covers both families
     */
    public List<InetAddress> of(DomainName host, List<InetAddress> usable) {
        return of(host, usable, families);
    }

    /** Likewise, for a host with families of its own. */
    public List<InetAddress> of(DomainName host, List<InetAddress> usable, Families allowed) {
        List<InetAddress> ordered = alternating(usable.stream().filter(allowed::allow).toList(), allowed);
        boolean ipv4First = avoidIpv6.getIfPresent(host) != null;
        // a stable sort: within each rank the families still alternate
        ordered.sort(Comparator.comparingInt(address -> rank(address, ipv4First)));
        return ordered;
    }

    private int rank(InetAddress address, boolean ipv4First) {
        if (withoutRoute.getIfPresent(address.getClass()) != null) {
            return 3;
        }
        return failed.getIfPresent(address) != null ? 2 : ipv4First && !isIpv4(address) ? 1 : 0;
    }

    /** The parameter {@code addressFamilies}. */
    public Families families() {
        return families;
    }

    private static List<InetAddress> alternating(List<InetAddress> addresses, Families allowed) {
        boolean ipv4Begins = allowed == Families.IPV4_FIRST;
        Deque<InetAddress> next = new ArrayDeque<>(addresses.stream().filter(each -> isIpv4(each) == ipv4Begins).toList());
        Deque<InetAddress> other = new ArrayDeque<>(addresses.stream().filter(each -> isIpv4(each) != ipv4Begins).toList());
        List<InetAddress> ordered = new ArrayList<>(addresses.size());
        while (!next.isEmpty() || !other.isEmpty()) {
            if (!next.isEmpty()) {
                ordered.add(next.remove());
            }
            Deque<InetAddress> swapped = next;
            next = other;
            other = swapped;
        }
        return ordered;
    }

    /**
     * Remembers for ten minutes that a connection to {@code address} could not be made.
     *
     * @param why the message of the operating system; if the family has no route, the whole family is remembered
     */
    public void notConnected(InetAddress address, String why) {
        failed.put(address, true);
        if (NO_ROUTE.matcher(why).matches()) {
            withoutRoute.put(address.getClass(), true);
        }
    }

    /** Forgets failures of {@code address} and its family. */
    public void connected(InetAddress address) {
        failed.invalidate(address);
        withoutRoute.invalidate(address.getClass());
    }

    /** Remembers for a day that {@code host} refuses mail over IPv6, for want of a PTR record for example. */
    public void preferIpv4(DomainName host) {
        avoidIpv6.put(host, true);
    }

    private static boolean isIpv4(InetAddress address) {
        return address instanceof Inet4Address;
    }
}
