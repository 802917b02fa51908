package jamestls.smtp;

import jamestls.net.Sanitized;
import jamestls.smtp.SessionFailure.Phase;
import java.net.InetAddress;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * How we speak to every server.
 *
 * @param heloName what we call ourselves in EHLO: a domain name or an address literal, visible ASCII, at most 255 characters
 * @param bindAddress our end of connections to servers of the same address family; empty leaves it to the system
 * @param limits the time each phase has as a whole, all phases, each more than zero; RCPT is one phase however many
 *     recipients there are, BODY is the whole mail up to the final dot
 */
public record SmtpSettings(String heloName, Optional<InetAddress> bindAddress, Map<Phase, Duration> limits) {

    public SmtpSettings {
        if (heloName.isEmpty() || heloName.length() > 255 || !heloName.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
            throw new IllegalArgumentException("not a name for EHLO: '" + Sanitized.line(heloName, 80) + "'");
        }
        limits = Map.copyOf(limits);
        for (Phase phase : Phase.values()) {
            Duration limit = limits.get(phase);
            if (limit == null || limit.isNegative() || limit.isZero()) {
                throw new IllegalArgumentException("the phase " + phase + " needs a time limit above zero, not " + limit);
            }
        }
    }

    /** The times of RFC 5321 §4.5.3.2 where it names one; it gives each block of the body 3 minutes, we the whole body 30. */
    public static SmtpSettings defaults(String heloName) {
        Map<Phase, Duration> limits = new EnumMap<>(Phase.class);
        limits.put(Phase.CONNECT, Duration.ofSeconds(30));
        limits.put(Phase.GREETING, Duration.ofMinutes(5));
        limits.put(Phase.EHLO, Duration.ofMinutes(5));
        limits.put(Phase.STARTTLS, Duration.ofMinutes(2));
        limits.put(Phase.HANDSHAKE, Duration.ofMinutes(1));
        limits.put(Phase.EHLO_AFTER_TLS, Duration.ofMinutes(5));
        limits.put(Phase.AUTH, Duration.ofMinutes(2));
        limits.put(Phase.MAIL, Duration.ofMinutes(5));
        limits.put(Phase.RCPT, Duration.ofMinutes(10));
        limits.put(Phase.DATA, Duration.ofMinutes(2));
        limits.put(Phase.BODY, Duration.ofMinutes(30));
        limits.put(Phase.FINAL_REPLY, Duration.ofMinutes(10));
        limits.put(Phase.QUIT, Duration.ofSeconds(5));
        return new SmtpSettings(heloName, Optional.empty(), limits);
    }

    /** The time that phase has. */
    public Duration limit(Phase phase) {
        return limits.get(phase);
    }

    /** The same with another time for one phase. */
    public SmtpSettings withLimit(Phase phase, Duration limit) {
        Map<Phase, Duration> changed = new EnumMap<>(limits);
        changed.put(phase, limit);
        return new SmtpSettings(heloName, bindAddress, changed);
    }

    /** The same with one longest wait for each single answer, the handshake's included; connecting, body and QUIT keep theirs. */
    public SmtpSettings withReadTimeout(Duration limit) {
        Map<Phase, Duration> changed = new EnumMap<>(limits);
        changed.replaceAll((phase, before) -> switch (phase) {
            case CONNECT, BODY, QUIT -> before;
            default -> limit;
        });
        return new SmtpSettings(heloName, bindAddress, changed);
    }

    /** The same, bound to that address of ours. */
    public SmtpSettings withBindAddress(InetAddress address) {
        return new SmtpSettings(heloName, Optional.of(address), limits);
    }
}
