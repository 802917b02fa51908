package jamestls.smtp;

import jamestls.config.Parameters;
import jamestls.dns.IpLiteral;
import jamestls.net.Sanitized;
import jamestls.smtp.SessionFailure.Phase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The settings of all SMTP sessions.
 *
 * @param heloName what we call ourselves in EHLO: a domain name or an address literal, visible ASCII, at most 255 characters
 * @param bindAddresses our end of connections to servers of the same address family, one address for each family at most; for a
 *     family without one the system chooses
 * @param limits the time for each phase, all of them, each more than zero: of MAIL, RCPT and DATA for one answer, of BODY on
 *     top of what its size allows ({@link #bodyLimit}), of the others for the phase as a whole
 * @param minEnvelope the least time for all commands of an envelope together
 */
public record SmtpSettings(String heloName, List<InetAddress> bindAddresses, Map<Phase, Duration> limits, Duration minEnvelope) {

    private static final int MAX_SHOWN = 80;
    private static final Duration PER_RECIPIENT = Duration.ofSeconds(2);
    /** The minimum rate in bytes per second; a slower server is given up. */
    private static final long MIN_RATE = 1_024;
    private static final Duration BODY_OF_UNKNOWN_SIZE = Duration.ofMinutes(30);

    public SmtpSettings {
        if (heloName.isEmpty() || heloName.length() > 255 || !heloName.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
            throw new IllegalArgumentException("not a name for EHLO: '" + Sanitized.line(heloName, MAX_SHOWN) + "'");
        }
        bindAddresses = List.copyOf(bindAddresses);
        limits = Map.copyOf(limits);
        for (Phase phase : Phase.values()) {
            Duration limit = limits.get(phase);
            if (limit == null || limit.isNegative() || limit.isZero()) {
                throw new IllegalArgumentException("the phase " + phase + " needs a time limit above zero, not " + limit);
            }
        }
    }

    /**
     * The defaults: the times of RFC 5321 §4.5.3.2. Its 3 minutes for each block of the body become 3 minutes for the body and a second
     * for each KiB, a limit that a server can't extend by reading single bytes.
     */
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
        limits.put(Phase.RCPT, Duration.ofMinutes(5));
        limits.put(Phase.DATA, Duration.ofMinutes(2));
        limits.put(Phase.BODY, Duration.ofMinutes(3));
        limits.put(Phase.FINAL_REPLY, Duration.ofMinutes(10));
        limits.put(Phase.QUIT, Duration.ofSeconds(5));
        return new SmtpSettings(heloName, List.of(), limits, Duration.ofMinutes(10));
    }

    /** The time limit of a phase. */
    public Duration limit(Phase phase) {
        return limits.get(phase);
    }

    /** The time limit for all commands of an envelope: that of one reply, and 2 s for each recipient. */
    Duration envelopeLimit(int recipients) {
        Duration byRecipients = limit(Phase.RCPT).plus(PER_RECIPIENT.multipliedBy(recipients));
        return byRecipients.compareTo(minEnvelope) > 0 ? byRecipients : minEnvelope;
    }

    /** The time limit for a mail of that size: that of the phase, and a second for each KiB. */
    Duration bodyLimit(OptionalLong size) {
        return limit(Phase.BODY).plus(size.isPresent() ? Duration.ofSeconds(size.getAsLong() / MIN_RATE) : BODY_OF_UNKNOWN_SIZE);
    }

    /** The same with another minimum limit for an envelope. */
    SmtpSettings withMinEnvelope(Duration limit) {
        return new SmtpSettings(heloName, bindAddresses, limits, limit);
    }

    /** The same with another limit for one phase. */
    public SmtpSettings withLimit(Phase phase, Duration limit) {
        Map<Phase, Duration> changed = new EnumMap<>(limits);
        changed.put(phase, limit);
        return new SmtpSettings(heloName, bindAddresses, changed, minEnvelope);
    }

    /**
     * The same with that limit for each reply and for the handshake; connecting, the reply to the end of data and QUIT keep theirs.
     */
    public SmtpSettings withReadTimeout(Duration limit) {
        Map<Phase, Duration> changed = new EnumMap<>(limits);
        changed.replaceAll((phase, before) -> switch (phase) {
            case CONNECT, FINAL_REPLY, QUIT -> before;
            default -> limit;
        });
        return new SmtpSettings(heloName, bindAddresses, changed, minEnvelope);
    }

    /** The same, bound to these addresses of ours, one for each family at most. */
    public SmtpSettings withBindAddresses(List<InetAddress> addresses) {
        return new SmtpSettings(heloName, addresses, limits, minEnvelope);
    }

    /** Our end of a connection to {@code server}; empty leaves it to the system. */
    Optional<InetAddress> bindAddressFor(InetAddress server) {
        return bindAddresses.stream().filter(own -> own.getClass() == server.getClass()).findFirst();
    }

    /**
     * Reads the parameters {@code heloName}, {@code bind}, {@code timeout}, {@code connectiontimeout} and
     * {@code finalReplyTimeout}.
     *
     * @param usualName the name in EHLO without {@code heloName}
     */
    public static SmtpSettings of(Parameters parameters, String usualName) {
        String allowed = "this host's full name, such as 'mail.example.org'";
        SmtpSettings settings = parameters.read("heloName", allowed, SmtpSettings::defaults).orElseGet(() -> {
            try {
                return defaults(usualName);
            } catch (IllegalArgumentException e) {
                parameters.invalid("heloName", allowed + "; James has " + e.getMessage());
                return defaults("localhost");
            }
        });
        Optional<List<InetAddress>> bind = parameters.read("bind",
            "addresses of this machine in figures, one for each family, such as '192.0.2.1' or '192.0.2.1, 2001:db8::1'",
            SmtpSettings::ourAddresses);
        Duration reply = parameters.duration("timeout", Duration.ofMinutes(3), ChronoUnit.MILLIS, Duration.ofMillis(100),
            Duration.ofHours(1));
        Duration connect = parameters.duration("connectiontimeout", Duration.ofMinutes(1), ChronoUnit.MILLIS, Duration.ofMillis(100),
            Duration.ofMinutes(10));
        Duration finalReply = parameters.duration("finalReplyTimeout", Duration.ofMinutes(10), ChronoUnit.MILLIS, Duration.ofMillis(100),
            Duration.ofHours(1));
        SmtpSettings timed = settings.withReadTimeout(reply).withLimit(Phase.CONNECT, connect).withLimit(Phase.FINAL_REPLY, finalReply);
        return bind.map(timed::withBindAddresses).orElse(timed);
    }

    private static List<InetAddress> ourAddresses(String text) throws IOException {
        List<InetAddress> addresses = new ArrayList<>();
        for (String each : text.split(",", -1)) {
            InetAddress address = ourAddress(each.strip());
            if (addresses.stream().anyMatch(other -> other.getClass() == address.getClass())) {
                throw new IOException("both are of one family");
            }
            addresses.add(address);
        }
        return addresses;
    }

    private static InetAddress ourAddress(String text) throws IOException {
        InetAddress address = IpLiteral.parse(text)
            .orElseThrow(() -> new IOException("'" + Sanitized.line(text, MAX_SHOWN) + "' is no address"));
        try (Socket attempt = new Socket()) {
            attempt.bind(new InetSocketAddress(address, 0));
        } catch (IOException e) {
            throw new IOException(address.getHostAddress() + " can't be bound: " + e.getMessage(), e);
        }
        return address;
    }
}
