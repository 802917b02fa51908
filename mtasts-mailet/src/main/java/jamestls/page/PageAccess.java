package jamestls.page;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who may see the page where webadmin asks for authentication: whoever opens a link that an authenticated request made. A link works once,
 * for five minutes, and gives its browser a cookie for eight hours. Kept in memory as hashes, so a restart ends all of them. Thread-safe.
 */
@Singleton
public final class PageAccess {

    /** How long a link works. */
    public static final Duration LINK = Duration.ofMinutes(5);
    /** How long a cookie works. */
    public static final Duration COOKIE = Duration.ofHours(8);
    private static final int MAX_LINKS = 20;
    private static final int MAX_COOKIES = 100;
    private static final int OCTETS = 32;

    private final SecureRandom random = new SecureRandom();
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Instant> links = new LinkedHashMap<>();
    private final Map<String, Instant> cookies = new LinkedHashMap<>();
    private final Clock clock;

    @Inject
    public PageAccess(Clock clock) {
        this.clock = clock;
    }

    /** A new secret of a link. Only the newest twenty work. */
    public String newLink() {
        return remember(links, MAX_LINKS, LINK);
    }

    /** Exchanges the secret of a link for that of a cookie; empty if the link is unknown, used or too old. */
    public Optional<String> enter(String link) {
        lock.lock();
        try {
            Instant end = links.remove(hash(link));
            return end == null || !clock.instant().isBefore(end) ? Optional.empty() : Optional.of(remember(cookies, MAX_COOKIES, COOKIE));
        } finally {
            lock.unlock();
        }
    }

    /** Whether a cookie is valid. */
    public boolean admits(String cookie) {
        lock.lock();
        try {
            Instant end = cookies.get(hash(cookie));
            return end != null && clock.instant().isBefore(end);
        } finally {
            lock.unlock();
        }
    }

    private String remember(Map<String, Instant> secrets, int max, Duration valid) {
        byte[] octets = new byte[OCTETS];
        random.nextBytes(octets);
        String secret = Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
        lock.lock();
        try {
            while (secrets.size() >= max) {
                secrets.remove(secrets.keySet().iterator().next());
            }
            secrets.put(hash(secret), clock.instant().plus(valid));
            return secret;
        } finally {
            lock.unlock();
        }
    }

    /** Look-ups by hash take the same time for every wrong secret. */
    private static String hash(String secret) {
        try {
            return Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
