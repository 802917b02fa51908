package jamestls.mtasts.waiting;

import jakarta.mail.MessagingException;
import jamestls.mtasts.waiting.WaitingIndex.Missing;
import jamestls.mtasts.waiting.WaitingIndex.Parked;
import jamestls.mtasts.waiting.WaitingRepository.Orphans;
import jamestls.mtasts.waiting.WaitingRepository.Stores;
import jamestls.net.SanitizedLogger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.mailrepository.api.MailKey;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.Mail;

/**
 * Compares index and repository in both directions, on an operator's request only: it lists the repository, which takes long, and on
 * Cassandra reads past everything that was deleted. Rows whose mail is missing are removed. Mails without a row are orphans: left by a
 * kill between storing and indexing, and delivered since, or the only copy after the database was restored from a backup. Only the
 * operator knows.
 */
final class Repair {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Repair.class);

    /** A mail is stored before its row is written; what has no row after this time is an orphan. */
    static final Duration SETTLED = Duration.ofMinutes(1);
    private static final int PAGE = 500;
    private static final int MAX_ORPHANS = 100_000;
    private static final int MAX_NAMES = 20;

    private final String queue;
    private final WaitingIndex index;
    private final Stores stores;
    private final CountDownLatch stopping;

    Repair(String queue, WaitingIndex index, Stores stores, CountDownLatch stopping) {
        this.queue = queue;
        this.index = index;
        this.stores = stores;
        this.stopping = stopping;
    }

    /**
     * What a repair found.
     *
     * @param removed rows without a mail, now removed
     * @param found rows whose mail was missing and is there now, so that they are due
     * @param orphans mails without a row, at most {@value #MAX_ORPHANS}
     */
    record Result(long removed, long found, long orphans) {
    }

    /**
     * Runs a repair.
     *
     * @param url the repository to list
     * @param settled {@link #SETTLED}
     */
    Result run(String url, Orphans what, Duration settled) throws MessagingException, InterruptedException {
        long removed = 0;
        long found = 0;
        for (List<Missing> page = index.missing(PAGE); !page.isEmpty(); page = index.missing(PAGE)) {
            for (Missing row : page) {
                if (isStored(row)) {
                    index.found(row.name());
                    found++;
                } else {
                    LOGGER.warn("Queue {}: waiting mail {} for {} is lost: repository {} does not have it", queue, row.name(),
                        row.domains(), row.repository());
                    index.removeMissing(row.name());
                    removed++;
                }
            }
        }
        List<String> orphans = withoutRow(keys(url));
        if (!orphans.isEmpty() && !stopping.await(settled.toMillis(), TimeUnit.MILLISECONDS)) {
            orphans = withoutRow(orphans);
            handle(url, orphans, what);
        }
        LOGGER.info("Queue {}: {} rows without a mail were removed, {} have their mail again; {} mails without a row, {}", queue, removed,
            found, orphans.size(), what.name().toLowerCase(Locale.ROOT));
        return new Result(removed, found, orphans.size());
    }

    private boolean isStored(Missing row) throws MessagingException {
        Mail mail = stores.with(row.repository(), repository -> repository.retrieve(new MailKey(row.name())));
        LifecycleUtil.dispose(mail);
        return mail != null;
    }

    private List<String> keys(String url) throws MessagingException {
        Iterator<MailKey> all = stores.with(url, repository -> repository.list());
        List<String> keys = new ArrayList<>();
        List<String> page = new ArrayList<>();
        while (all.hasNext() && keys.size() < MAX_ORPHANS) {
            String key = all.next().asString();
            if (WaitName.isKey(key)) {
                page.add(key);
            }
            if (page.size() == PAGE || !all.hasNext()) {
                keys.addAll(withoutRow(page));
                page.clear();
            }
        }
        return keys;
    }

    private List<String> withoutRow(List<String> keys) {
        List<String> without = new ArrayList<>();
        for (int from = 0; from < keys.size(); from += PAGE) {
            List<String> page = keys.subList(from, Math.min(keys.size(), from + PAGE));
            Set<String> known = index.known(page);
            page.stream().filter(key -> !known.contains(key)).forEach(without::add);
        }
        return without;
    }

    private void handle(String url, List<String> orphans, Orphans what) throws MessagingException {
        orphans.stream().limit(MAX_NAMES).forEach(orphan -> LOGGER.info("Queue {}: mail {} in {} has no row", queue, orphan, url));
        for (String orphan : what == Orphans.KEEP ? List.<String>of() : orphans) {
            Mail mail = stores.with(url, repository -> repository.retrieve(new MailKey(orphan)));
            if (mail != null && isOfThisQueue(mail)) {
                if (what == Orphans.RESUME) {
                    List<String> domains = mail.getRecipients().stream().map(Repair::domainOf).distinct().toList();
                    index.add(List.of(new Parked(orphan, Optional.empty(), url, domains, Duration.ZERO)));
                } else {
                    stores.with(url, repository -> {
                        repository.remove(new MailKey(orphan));
                        return true;
                    });
                }
            }
            LifecycleUtil.dispose(mail);
        }
    }

    private static String domainOf(MailAddress recipient) {
        return recipient.getDomain().asString().toLowerCase(Locale.ROOT);
    }

    private boolean isOfThisQueue(Mail mail) {
        return AttributeUtils.getValueAndCastFromMail(mail, WaitingRepository.QUEUE, String.class).filter(queue::equals).isPresent();
    }
}
