package jamestls.mtasts.delivery;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;

/** The mails that went into the error repository in the last day, for the health check: it names the latest and says how many there are. */
final class MailsSetAside {

    private static final Duration REMEMBERED = Duration.ofDays(1);
    private static final int MAX_REMEMBERED = 1_000;
    private static final int MAX_NAMES = 5;

    private final Deque<Entry> latest = new ArrayDeque<>();

    private record Entry(String mail, long at) {
    }

    synchronized void record(String mail) {
        if (latest.size() == MAX_REMEMBERED) {
            latest.removeLast();
        }
        latest.addFirst(new Entry(mail, System.nanoTime()));
    }

    synchronized List<String> problems() {
        latest.removeIf(entry -> System.nanoTime() - entry.at() > REMEMBERED.toNanos());
        return latest.isEmpty() ? List.of() : List.of(latest.size() + " mails of the last day are in the error repository, because their "
            + "bounce or notice failed: " + latest.stream().limit(MAX_NAMES).map(Entry::mail).collect(Collectors.joining(", ")));
    }
}
