package jamestls.dns;

import jamestls.dns.DnsSettings.DnssecMode;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Supplier;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;

/**
 * Answers one DNS question in the four states of RFC 7672 §2.1.1: secure and insecure ({@link Reply.Answered}), bogus
 * ({@link Reply.Bogus}) and indeterminate ({@link Reply.Failed}). {@link DnssecMode} says which implementation is used.
 */
interface DnssecResolver {

    /** Seconds that any answer is kept at most. */
    long MAX_TTL = 3_600;

    /**
     * Asks for {@code name} and {@code type}, class IN; follows no CNAME. Blocks.
     *
     * @param deadline on {@link System#nanoTime}'s clock
     */
    Reply ask(Name name, int type, long deadline);

    /**
     * Whether the zone of a host has a DS record, secure or not; false if that is not found out at little cost. May block for one query
     * per label. A hint for what to ask next, and nothing to rely on.
     *
     * @param name the host, or a name of underscored labels below it
     */
    default boolean isSigned(Name name, long deadline) {
        return false;
    }

    /** The outcome of one question. */
    sealed interface Reply {

        /**
         * A message with NOERROR or NXDOMAIN for the question.
         *
         * @param security of everything in it
         * @param maxTtl seconds after which its signatures no longer cover it
         */
        record Answered(Message message, Security security, long maxTtl) implements Reply {
        }

        /** An answer that fails validation. */
        record Bogus(String reason) implements Reply {
        }

        /** No usable answer. The reason names each server tried and its fault. */
        record Failed(String reason) implements Reply {
        }
    }

    /**
     * Trusts the AD bit of a resolver on this machine (RFC 6840 §5.8). An answer that the resolver refuses, and gives with checking
     * disabled (CD), is bogus.
     *
     * @param servers called for each query
     */
    record AdBit(StubResolver stub, Supplier<List<InetSocketAddress>> servers) implements DnssecResolver {

        @Override
        public Reply ask(Name name, int type, long deadline) {
            List<InetSocketAddress> validating = servers.get();
            return switch (stub.ask(validating, name, type, StubResolver.Asking.VERDICT, deadline)) {
                case Reply.Answered answered -> new Reply.Answered(answered.message(),
                    answered.message().getHeader().getFlag(Flags.AD) ? Security.SECURE : Security.INSECURE, MAX_TTL);
                case Reply.Bogus bogus -> bogus;
                case Reply.Failed failed ->
                    stub.ask(validating, name, type, StubResolver.Asking.SIGNATURES, deadline) instanceof Reply.Answered
                        ? new Reply.Bogus("refused by the validating resolver: " + failed.reason()) : failed;
            };
        }
    }

    /** Uses {@code validating} while the probe finds servers fit for it; otherwise every answer is insecure. */
    record Probed(StubResolver stub, DnssecProbe probe, DnssecResolver validating) implements DnssecResolver {

        @Override
        public Reply ask(Name name, int type, long deadline) {
            return probe.capable(deadline).isEmpty() ? stub.ask(name, type, deadline) : validating.ask(name, type, deadline);
        }

        @Override
        public boolean isSigned(Name name, long deadline) {
            return !probe.capable(deadline).isEmpty() && validating.isSigned(name, deadline);
        }
    }
}
