package jamestls.mtasts.delivery;

import jamestls.config.Durations;
import jamestls.config.Parameters;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.mailet.Mail;

/**
 * The waits between the attempts of a mail: stock RemoteDelivery's {@code delayTime} and {@code maxRetries}.
 *
 * @param delays the waits before the first, second, … retry; the last one repeats. At least one.
 * @param retries the number of retries
 * @param priority the queue priority of retries
 */
public record RetrySchedule(List<Duration> delays, int retries, QueuePriority priority) {

    private static final Pattern STEP = Pattern.compile("(?:(\\d{1,4})\\s*\\*\\s*)?(\\d.*)");
    private static final int MAX_STEPS = 10_000;

    public RetrySchedule {
        delays = List.copyOf(delays);
    }

    /** A schedule that does not change priorities. */
    RetrySchedule(List<Duration> delays, int retries) {
        this(delays, retries, QueuePriority.UNCHANGED);
    }

    /**
     * Reads the grammar of stock RemoteDelivery: {@code [attempts*]delay[unit]}, separated by commas; a delay without unit
     * counts milliseconds. Where the list has more steps than {@code maxRetries}, the list wins, as in stock.
     *
     * @throws IllegalArgumentException if the text is not such a list; the message names the step
     */
    public static RetrySchedule parse(String delayTime, int maxRetries, QueuePriority priority) {
        List<Duration> delays = new ArrayList<>();
        for (String step : delayTime.split(",")) {
            Matcher matcher = STEP.matcher(step.strip());
            if (!matcher.matches()) {
                throw new IllegalArgumentException("'" + step.strip() + "' is not [attempts*]delay[unit]");
            }
            int attempts = matcher.group(1) == null ? 1 : Integer.parseInt(matcher.group(1));
            Duration delay;
            try {
                delay = Durations.parse(matcher.group(2), ChronoUnit.MILLIS);
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw new IllegalArgumentException("'" + matcher.group(2) + "' is not a delay such as 5000, 5s or 2h", e);
            }
            if (attempts == 0 || delay.isNegative() || delays.size() + attempts > MAX_STEPS) {
                throw new IllegalArgumentException("'" + step.strip() + "' asks for too few or too many attempts");
            }
            for (int i = 0; i < attempts; i++) {
                delays.add(delay);
            }
        }
        return new RetrySchedule(delays, Math.max(maxRetries, delays.size()), priority);
    }

    /** Reads the parameters {@code delayTime}, {@code maxRetries} and {@code usePriority}. */
    public static RetrySchedule of(Parameters parameters) {
        int maxRetries = parameters.number("maxRetries", 5, 0, MAX_STEPS);
        QueuePriority priority = parameters.flag("usePriority", false) ? QueuePriority.RETRIES_LAST : QueuePriority.UNCHANGED;
        RetrySchedule schedule = parameters.read("delayTime", "6h",
            "[attempts*]delay[unit] separated by commas, such as '5m, 3*30m, 6h'", text -> parse(text, maxRetries, priority));
        if (schedule.retries() > maxRetries) {
            parameters.warn("parameter 'delayTime' has " + schedule.retries() + (schedule.retries() == 1 ? " wait" : " waits")
                + ", more than the " + maxRetries + " of 'maxRetries': a mail is retried " + schedule.retries() + " times");
        }
        return schedule;
    }

    /** Counts the retry and sets the priority of a mail that returns to the queue. */
    void prepareRetry(Mail mail) {
        FailureNotice.countRetry(mail);
        priority.retry(mail);
    }

    /**
     * The wait before the next attempt.
     *
     * @param retriesSoFar 0 after the first attempt has failed
     * @return empty if no retry is left
     */
    public Optional<Duration> delayAfter(int retriesSoFar) {
        return retriesSoFar >= retries ? Optional.empty()
            : Optional.of(delays.get(Math.min(retriesSoFar, delays.size() - 1)));
    }

    /** The longest wait between two attempts. */
    Duration longestDelay() {
        return Collections.max(delays);
    }

    /**
     * The time between two attempts: the one that is due next, and the last.
     *
     * @param retriesSoFar with the one that is due next
     */
    Duration timeLeftAfter(int retriesSoFar) {
        Duration left = Duration.ZERO;
        for (int retry = retriesSoFar; retry < retries; retry++) {
            left = left.plus(delays.get(Math.min(retry, delays.size() - 1)));
        }
        return left;
    }
}
