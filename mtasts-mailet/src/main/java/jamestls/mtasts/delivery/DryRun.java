package jamestls.mtasts.delivery;

import jamestls.dns.AddressGuard;
import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.mtasts.delivery.Delivery.Route;
import jamestls.mtasts.delivery.DryRunResult.HostFindings;
import jamestls.mtasts.delivery.DryRunResult.Outcome;
import jamestls.mtasts.delivery.DryRunResult.SessionFindings;
import jamestls.mtasts.delivery.HostLookup.HostPlan;
import jamestls.mtasts.delivery.MailContent.Prepared;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.sts.StsLookup;
import jamestls.smtp.Envelope;
import jamestls.smtp.Lease;
import jamestls.smtp.SessionFailure;
import jamestls.smtp.SmtpCredentials.ClearText;
import jamestls.smtp.SmtpReply;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.TlsObservation.Handshake;
import jamestls.smtp.Transmission;
import java.net.InetAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A delivery without a mail, for {@code explain}: runs the steps of {@link Delivery}, records what it sees, and sends nothing. Each
 * host is treated as if it had refused temporarily, so that all hosts are visited. For one domain and one thread.
 */
public final class DryRun extends Delivery {

    private static final Transmission NOT_SENT =
        new Transmission.Refused(new SmtpReply(450, List.of("4.0.0 nothing was sent")), SessionFailure.Phase.MAIL);

    private static final Transmission NO_AUTH_IN_CLEAR = new Transmission.Refused(
        new SmtpReply(450, List.of("4.7.11 the gateway has no TLS, and user and password are sent only with TLS")),
        SessionFailure.Phase.AUTH);

    private final Connecting connecting;
    private Optional<Envelope> question = Optional.empty();
    private Optional<Transmission> answer = Optional.empty();
    private final Map<MxHost, Visit> visits = new LinkedHashMap<>();
    private Optional<Security> mx = Optional.empty();
    private Optional<StsLookup> sts = Optional.empty();
    private Optional<Outcome> delivered = Optional.empty();
    private AttemptLog attempts;
    private Route route;
    private Verdict last;
    private boolean isObserving;
    private Optional<Failure> would = Optional.empty();

    /** Whether hosts are connected to. */
    public enum Connecting {
        /** Connects to each host: EHLO, STARTTLS, EHLO, QUIT. */
        YES,
        /** Uses DNS and policies only. */
        NO
    }

    /** The observations at one host. */
    private record Visit(HostPlan plan, List<InetAddress> reachable, List<SessionFindings> sessions) {
    }

    public DryRun(Lookups lookups, CertificateCheck certificates, OutboundResources resources, AddressGuard guard, int smtpPort,
                  Clock clock, Connecting connecting) {
        super(lookups, certificates, resources, guard, smtpPort, new Recording(outcomes -> { }, DeliveryMetrics.none(), clock));
        this.connecting = connecting;
    }

    /**
     * Runs it once, and asks the first host that would get the mail whether it takes mail with that envelope: MAIL, RCPT, RSET, and no
     * DATA. No further host is connected to. A sender that waives TLS asks, as for report mails.
     *
     * @return the reply; empty if nobody could be asked
     */
    public Optional<Transmission> ask(DomainName domain, Envelope envelope) {
        question = Optional.of(envelope);
        run(domain, SenderTlsRequest.WAIVED);
        return answer;
    }

    /** Runs it once, for the MX hosts of the domain. */
    public DryRunResult run(DomainName domain, SenderTlsRequest request) {
        return run(domain, new OutboundMail("dry-run", domain, Optional.empty(), List.of(), request,
            OutboundMail.Reporting.NOT_COUNTED, null));
    }

    /** Runs it once, for that gateway. */
    public DryRunResult run(MxHost gateway, Gateways gateways, SenderTlsRequest request) {
        Envelope.RequireTls requireTls = request == SenderTlsRequest.REQUIRED ? Envelope.RequireTls.YES : Envelope.RequireTls.NO;
        return run(gateway.name(), new OutboundMail("dry-run", gateway.name(), Optional.empty(), List.of(), null,
            new OutboundMail.Requests(request, requireTls, Envelope.EsmtpParameters.NONE),
            new OutboundMail.Handling(OutboundMail.Reporting.NOT_COUNTED, Optional.of(gateways.nextHop(gateway)),
                OutboundMail.Retry.YES, OutboundMail.Retry.NO)));
    }

    private DryRunResult run(DomainName domain, OutboundMail mail) {
        DeliveryResult result = deliver(mail);
        List<HostFindings> hosts = visits.values().stream().map(visit -> new HostFindings(visit.plan(), visit.reachable(), visit.sessions(),
            delivered.isPresent() && took(visit) ? List.of() : attempts.failures().causesAt(visit.plan().host()))).toList();
        return new DryRunResult(domain, mx, sts, hosts, outcome(result));
    }

    @Override
    AttemptLog attempts(OutboundMail mail) {
        attempts = super.attempts(mail);
        return attempts;
    }

    @Override
    HostPlan plan(OutboundMail mail, Destination.Hosts hosts, MxHost host, StsLookup lookup) {
        HostPlan plan = super.plan(mail, hosts, host, lookup);
        mx = Optional.of(hosts.security());
        sts = Optional.of(lookup);
        // a host is visited twice where policies are only observed, or after a newer policy was found
        Optional<Visit> before = Optional.ofNullable(visits.get(host)).filter(visit -> isObserving);
        visits.put(host, new Visit(plan, before.map(Visit::reachable).orElseGet(ArrayList::new),
            before.map(Visit::sessions).orElseGet(ArrayList::new)));
        return plan;
    }

    @Override
    Optional<DeliveryResult> tryAddress(Route to, AttemptLog soFar) {
        if (answer.isPresent()) {
            return Optional.empty();
        }
        route = to;
        if (!visits.get(to.host()).reachable().contains(to.address())) {
            visits.get(to.host()).reachable().add(to.address());
        }
        return connecting == Connecting.YES ? super.tryAddress(to, soFar) : Optional.empty();
    }

    @Override
    Optional<DeliveryResult> observed(Destination.Hosts hosts, StsLookup lookup, AttemptLog soFar) {
        if (delivered.isPresent()) {
            return Optional.empty();
        }
        would = soFar.heldByPolicy();
        isObserving = true;
        return super.observed(hosts, lookup, soFar);
    }

    @Override
    Verdict judge(Route to, TlsObservation seen) {
        last = super.judge(to, seen);
        visits.get(to.host()).sessions().add(new SessionFindings(seen, last));
        return last;
    }

    @Override
    Transmission send(Route to, Lease lease, OutboundMail mail, Optional<Prepared> prepared) {
        boolean clear = !(lease.session().observation().handshake() instanceof Handshake.Completed);
        if (clear && mail.nextHop().flatMap(FixedNextHop::login).filter(login -> login.clearText() == ClearText.REFUSED).isPresent()) {
            return NO_AUTH_IN_CLEAR;
        }
        if (delivered.isEmpty()) {
            // a session in clear text is not judged: it follows from the verdict RETRY_IN_CLEAR
            delivered = Optional.of(new Outcome.Deliver(route.host(), route.address(),
                last.ruling() == Verdict.Ruling.SEND ? last.level() : Verdict.inClear(lease.session().observation()).level(), would));
        }
        if (question.isPresent() && answer.isEmpty()) {
            answer = Optional.of(lease.session().ask(question.get()));
        }
        return NOT_SENT;
    }

    private boolean took(Visit visit) {
        return visit.sessions().stream().anyMatch(session -> session.verdict().ruling() != Verdict.Ruling.NEXT_HOST);
    }

    private Outcome outcome(DeliveryResult result) {
        if (delivered.isPresent()) {
            return delivered.get();
        }
        boolean untried = connecting == Connecting.NO && visits.values().stream().anyMatch(visit -> !visit.reachable().isEmpty());
        return switch (result) {
            case DeliveryResult.Deferred any when untried -> new Outcome.Connect();
            case DeliveryResult.Refused any when untried -> new Outcome.Connect();
            case DeliveryResult.Deferred deferred -> new Outcome.Hold(deferred.why(), deferred.why().givenUp());
            case DeliveryResult.Refused refused -> new Outcome.Bounce(refused.why());
            case DeliveryResult.Postponed postponed ->
                throw new IllegalStateException("a dry run has its own resources and is never postponed: " + postponed.why());
            case DeliveryResult.Answered answered -> throw new IllegalStateException("nothing was sent");
        };
    }
}
