package jamestls.mtasts;

import jamestls.dns.DomainName;
import jamestls.mtasts.held.HeldGroup;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.sts.StoredPolicy;
import jamestls.page.Html;
import jamestls.page.PageContent;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The part of the page about deliveries: held mail, what is out of order, rules, and the policy and rules of one domain. */
final class DeliveryPage implements PageContent {

    private static final String JAR = "java -jar mtasts-mailet.jar ";
    private static final Duration LONG = Duration.ofHours(1);
    private static final int MAX_GROUPS = 20;

    private final RunningDeliveries running;
    private final HealthRegistry health;
    private final Clock clock;

    DeliveryPage(RunningDeliveries running, HealthRegistry health, Clock clock) {
        this.running = running;
        this.health = health;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "held mail, policies and rules";
    }

    @Override
    public List<Attention> attention() {
        List<Attention> all = new ArrayList<>();
        if (running.all().isEmpty()) {
            all.add(new Attention(Urgency.NOW, "No SecureRemoteDelivery has started in this server.", JAR + "doctor --conf conf"));
        }
        health.problems().forEach(problem -> all.add(new Attention(Urgency.SOON, problem + ".", JAR + "doctor --conf conf")));
        running.held(Optional.empty()).stream().limit(MAX_GROUPS).forEach(group -> all.add(ofHeld(group)));
        rules().stream().filter(entry -> entry.rule().until().isPresent()).forEach(entry -> all.add(new Attention(Urgency.NOTE,
            "A rule holds in place of the domain's policy: " + entry.rule() + " (by " + entry.who() + ").",
            JAR + "policy remove " + entry.rule().destination() + " --conf conf")));
        return all;
    }

    private Attention ofHeld(HeldGroup group) {
        boolean old = Duration.between(group.since(), clock.instant()).compareTo(LONG) > 0;
        Urgency urgency = group.cause() == Cause.POLICY ? Urgency.NOW : old ? Urgency.SOON : Urgency.NOTE;
        return new Attention(urgency, mails(group.mails()) + " for " + group.domain() + " since " + time(group.since()) + ". "
            + told(group), JAR + "retry " + group.domain() + " --conf conf");
    }

    /** Sentence and remedy; most sentences end with it. */
    private static String told(HeldGroup group) {
        String sentence = group.why().sentence();
        return sentence.endsWith(group.why().remedy()) ? sentence : sentence + " " + group.why().remedy();
    }

    private static String mails(long number) {
        return number == 1 ? "1 mail waits" : number + " mails wait";
    }

    private static String time(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private List<Rules.Entry> rules() {
        return running.all().stream().flatMap(outbound -> outbound.rules().list().stream()).distinct()
            .filter(entry -> !entry.rule().isExpired(clock.instant())).toList();
    }

    @Override
    public void domain(DomainName domain, Html page) {
        page.element("h3", "Outgoing mail: policy and rules");
        page.element("dl", list -> {
            for (Outbound outbound : running.all()) {
                for (DomainName policyDomain : outbound.policyDomains(domain)) {
                    policy(list, policyDomain, outbound.keptPolicy(policyDomain));
                }
            }
            running.all().stream().flatMap(outbound -> outbound.rules().show(domain).stream()).distinct().forEach(entry ->
                list.element("dt", "Rule").element("dd", entry.rule() + " (by " + entry.who() + ")"));
            running.held(Optional.of(domain)).forEach(group -> list.element("dt", "Held").element("dd",
                mails(group.mails()) + " since " + time(group.since()) + ". " + told(group)));
        });
        page.element("p", text -> text.text("What a mail would meet now: ")
            .element("code", JAR + "explain " + domain + " --connect --conf conf"));
    }

    private void policy(Html list, DomainName domain, Optional<StoredPolicy> kept) {
        list.element("dt", "MTA-STS policy").element("dd", kept.map(stored -> "mode " + stored.policy().mode().wireName() + ", mx "
            + String.join(", ", stored.policy().mx().stream().map(Object::toString).toList()) + ", fetched " + time(stored.fetched())
            + (stored.isValidAt(clock.instant()) ? ", valid until " : ", expired ") + time(stored.expires())
            + stored.failure().map(failure -> ". It can't be refreshed: " + failure.why()).orElse(""))
            .orElse("none known of " + domain));
    }
}
