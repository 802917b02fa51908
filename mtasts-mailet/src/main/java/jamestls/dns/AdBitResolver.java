package jamestls.dns;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Supplier;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Name;

/**
 * Takes the word of a validating resolver on this machine: AD means secure (RFC 6840 §5.8). Where it refuses an answer that
 * it gives as soon as it is told not to check (CD), the answer is bogus.
 */
final class AdBitResolver implements Source {

    private final StubResolver recursor;
    private final Supplier<List<InetSocketAddress>> servers;

    /** @param servers asked anew for each query */
    AdBitResolver(StubResolver recursor, Supplier<List<InetSocketAddress>> servers) {
        this.recursor = recursor;
        this.servers = servers;
    }

    @Override
    public Reply ask(Name name, int type, long deadline) {
        List<InetSocketAddress> here = servers.get();
        return switch (recursor.ask(here, name, type, StubResolver.Asking.VERDICT, deadline)) {
            case Reply.Heard heard -> new Reply.Heard(heard.message(),
                heard.message().getHeader().getFlag(Flags.AD) ? Security.SECURE : Security.INSECURE, MAX_TTL);
            case Reply.Forged forged -> forged;
            case Reply.Unknown unknown ->
                recursor.ask(here, name, type, StubResolver.Asking.SIGNATURES, deadline) instanceof Reply.Heard
                    ? new Reply.Forged("refused by the validating resolver: " + unknown.reason()) : unknown;
        };
    }
}
