package jamestls.mtasts.sts;

import java.time.Instant;
import java.util.Optional;

/**
 * How the store of policies does, for health checks and metrics.
 *
 * @param outOfOrderSince empty while it works
 * @param why what it said when that began; empty while it works
 * @param unsaved domains whose policy or failure is kept in memory until the store takes it
 */
public record StoreHealth(Optional<Instant> outOfOrderSince, String why, int unsaved) {
}
