package jamestls.mtasts.cli;

import jamestls.cli.Json;
import jamestls.mtasts.sts.MxPattern;
import jamestls.mtasts.sts.StsPolicy;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;

/** A policy as text and as JSON, for all commands. */
final class PolicyText {

    private PolicyText() {
    }

    /** The policy on one line. */
    static String of(StsPolicy policy) {
        String mx = policy.mx().stream().map(MxPattern::text).collect(Collectors.joining(", "));
        return "mode " + policy.mode().wireName() + ", max_age " + policy.maxAge().toSeconds() + " (" + inWords(policy.maxAge()) + "), mx "
            + (mx.isEmpty() ? "none" : mx);
    }

    static Map<String, Object> json(StsPolicy policy) {
        return Json.object("mode", policy.mode().wireName(), "maxAge", policy.maxAge().toSeconds(),
            "mx", policy.mx().stream().map(MxPattern::text).toList());
    }

    private static String inWords(Duration duration) {
        if (duration.toDays() > 0) {
            return count(duration.toDays(), "day");
        }
        return duration.toHours() > 0 ? count(duration.toHours(), "hour") : count(duration.toMinutes(), "minute");
    }

    private static String count(long number, String unit) {
        return number + " " + unit + (number == 1 ? "" : "s");
    }
}
