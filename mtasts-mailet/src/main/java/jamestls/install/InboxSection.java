package jamestls.install;

import jamestls.install.Installation.Received;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Adds TlsReportInbox as the first mailet of {@code transport}, so that nothing rewrites its address or breaks signatures before it. */
final class InboxSection {

    static final String NAME = "TlsReportInbox";

    private static final String CLASS = "jamestls.tlsrpt.TlsReportInbox";

    private final MailetContainer container;
    private final TextEdits edits;
    private final Plan plan;

    InboxSection(MailetContainer container, TextEdits edits, Plan plan) {
        this.container = container;
        this.edits = edits;
        this.plan = plan;
    }

    /**
     * Adds the mailet if it is asked for and not there yet.
     *
     * @param administrators mail addresses that get the alarms; empty for James's postmaster
     * @throws Refusal when an option is invalid, or no processor for the mailet is found
     */
    void add(Received received, List<String> administrators) throws Refusal {
        if (received.address() == null) {
            if (!received.domains().isEmpty()) {
                throw new Refusal("--own-domain is for reports that come in", "name their address with --report-inbox");
            }
            return;
        }
        if (!Installation.ADDRESS.matcher(received.address()).matches()) {
            throw new Refusal("'" + received.address() + "' is no mail address with a full domain", "write one such as "
                + "tls-reports@example.org");
        }
        for (String each : received.domains()) {
            if (!Installation.HOST.matcher(each).matches()) {
                throw new Refusal("--own-domain " + each + " is no domain", "write one such as example.org");
            }
        }
        if (container.mailets(NAME).isEmpty()) {
            add(received.address(), received.domains(), administrators);
        }
    }

    private void add(String address, List<String> domains, List<String> administrators) throws Refusal {
        String domain = address.substring(address.lastIndexOf('@') + 1).toLowerCase(Locale.ROOT);
        List<String> own = domains.isEmpty() ? List.of(domain) : domains;
        String opening = "<mailet match=\"RecipientIs=" + ReportingSection.xml(address) + "\" class=\"" + CLASS + "\">";
        TransportProcessor transport = TransportProcessor.of(container, opening);
        List<String> lines = new ArrayList<>();
        lines.add("<!-- reads the TLS reports that others send about these domains (RFC 8460); stands first, before addresses are "
            + "rewritten -->");
        lines.add(opening);
        lines.add(transport.unit() + ReportingSection.parameter("ownDomains", String.join(", ", own)));
        if (!administrators.isEmpty()) {
            lines.add(transport.unit() + ReportingSection.parameter("administrators", String.join(",", administrators)));
        }
        lines.add("</mailet>");
        transport.insertFirst(lines, edits);
        plan.step(container.file().path().getFileName() + ":" + transport.line() + ": " + NAME + " is added to '" + transport.state()
            + "', before the first mailet");
        StringBuilder afterwards = new StringBuilder("TLS reports of others are read at " + address
            + ". James accepts mail for it once it is a user, or an alias of one; the mails go on to that mailbox:"
            + "\n    curl -X PUT http://127.0.0.1:8000/domains/" + domain
            + "\n    curl -X PUT -H 'Content-Type: application/json' -d '{\"password\":\"...\"}' http://127.0.0.1:8000/users/" + address
            + "\n  Others send them once DNS has, for each domain:");
        own.forEach(each -> afterwards.append("\n    _smtp._tls.").append(each).append(". IN TXT \"v=TLSRPTv1; rua=mailto:")
            .append(address).append('"'));
        plan.afterwards(afterwards.toString());
    }
}
