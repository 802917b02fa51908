package jamestls.tlsrpt.dkim;

import jamestls.config.MailetContainerXml;
import jamestls.dns.DomainName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Checks in mailetcontainer.xml that report mails are signed as RFC 8460 §3 requires; receivers ignore other report mails. Only the
 * processor of report mails is checked, so signing elsewhere, for example at a gateway, is not recognized.
 */
public final class DkimConfigCheck {

    private static final String DKIM_SIGN = "DKIMSign";
    private static final List<String> REPORT_FIELDS = List.of("tls-report-domain", "tls-report-submitter");

    private DkimConfigCheck() {
    }

    /**
     * Problems by domain, each one sentence with the remedy.
     *
     * @param processor name of the processor of report mails, in lower case
     * @param domains domains of From and contact, at least one; each needs its own signature
     */
    public static Map<DomainName, List<String>> problems(MailetContainerXml mailetContainer, String processor, List<DomainName> domains) {
        List<String> templates = mailetContainer.mailets(DKIM_SIGN).stream().filter(mailet -> mailet.processor().equals(processor))
            .map(mailet -> mailet.parameter("signatureTemplate").orElse("")).toList();
        Map<DomainName, List<String>> problems = new LinkedHashMap<>();
        for (DomainName domain : domains) {
            List<String> own = problems(templates, processor, domain);
            if (!own.isEmpty()) {
                problems.put(domain, own);
            }
        }
        return problems;
    }

    private static List<String> problems(List<String> templates, String processor, DomainName domain) {
        if (templates.isEmpty()) {
            return List.of("report mails are unsigned, and receivers ignore them: add DKIMSign with d=" + domain + " to the processor '"
                + processor + "'");
        }
        String template = templates.stream().filter(each -> isBy(each, domain)).findFirst().orElse(templates.getFirst());
        List<String> problems = new ArrayList<>();
        if (!isBy(template, domain)) {
            String signing = String.join("', '", templates.stream().map(each -> tag(each, "d").orElse("")).toList());
            problems.add("report mails come from " + domain + " and are signed by '" + signing + "': write d=" + domain
                + " in signatureTemplate of the processor '" + processor + "', or give TlsReporting a contact in that domain");
        }
        if (tag(template, "l").isPresent()) {
            problems.add("l= in signatureTemplate of the processor '" + processor + "' is not allowed for reports: leave it out");
        }
        List<String> fields = Stream.of(tag(template, "h").orElse("").toLowerCase(Locale.ROOT).split(":")).map(String::strip).toList();
        if (!fields.containsAll(REPORT_FIELDS)) {
            problems.add("the signature should cover " + String.join(" and ", REPORT_FIELDS)
                + ": add them to h= in signatureTemplate of the processor '" + processor + "'");
        }
        return problems;
    }

    private static boolean isBy(String template, DomainName domain) {
        return tag(template, "d").flatMap(DomainName::parse).filter(domain::equals).isPresent();
    }

    private static Optional<String> tag(String template, String name) {
        return Stream.of(template.split(";")).map(String::strip).filter(tag -> tag.startsWith(name + "="))
            .map(tag -> tag.substring(name.length() + 1).strip()).findFirst();
    }
}
