package jamestls.mtasts.held;

import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.held.HeldMail.Why;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The mails that wait for one domain for one cause, on all servers that share the database.
 *
 * @param mails their number
 * @param since the earliest first failure
 * @param nextTry the earliest due time; in the past for a mail that is due and not tried yet
 * @param why the reason of the latest attempt
 */
public record HeldGroup(String domain, long mails, Instant since, Instant nextTry, Why why) {

    public Cause cause() {
        return why.cause();
    }

    /** The members of the JSON object, in order. */
    public Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("domain", domain);
        json.put("cause", cause().wireName());
        json.put("mails", mails);
        json.put("since", since.toString());
        json.put("nextTry", nextTry.toString());
        json.put("why", why.sentence());
        json.put("whoCanFix", why.remedy());
        return json;
    }
}
