package jamestls.tlsrpt.collect;

import java.time.Instant;
import java.util.Optional;

/**
 * How the journal is doing.
 *
 * @param waiting sessions in memory that are not stored yet
 * @param dropped sessions that were not counted since the start, because there was no room
 * @param failingSince when the store began to fail; empty while it works
 * @param failure its last words
 */
public record JournalState(long waiting, long dropped, Optional<Instant> failingSince, String failure) {
}
