package jamestls.queue;

import jamestls.fakeinternet.ReceivedMail;
import jamestls.fakeinternet.SmtpServer;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** What has arrived at mail hosts, by the numbers that {@link QueueNodeProcess#fill} gives to mails. */
record Arrivals(Map<Integer, Integer> times) {

    static Arrivals at(Collection<SmtpServer> hosts) {
        Map<Integer, Integer> arrivals = new HashMap<>();
        for (SmtpServer host : hosts) {
            for (ReceivedMail mail : host.mails()) {
                String first = mail.recipientAddresses().getFirst();
                arrivals.merge(Integer.parseInt(first.substring(1, first.indexOf('@'))), 1, Integer::sum);
            }
        }
        return new Arrivals(arrivals);
    }

    /** Each mail that arrived. */
    Set<Integer> numbers() {
        return times.keySet();
    }

    /** Arrivals beyond the first of each mail. */
    int surplus() {
        return times.values().stream().mapToInt(each -> each - 1).sum();
    }

    /** All arrivals. */
    static int count(Collection<SmtpServer> hosts) {
        return hosts.stream().mapToInt(host -> host.mails().size()).sum();
    }
}
