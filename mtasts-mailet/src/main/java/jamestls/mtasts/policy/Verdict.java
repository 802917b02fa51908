package jamestls.mtasts.policy;

import jamestls.mtasts.dane.TlsaSet.Strength;
import jamestls.mtasts.policy.Rule.Level;
import jamestls.mtasts.policy.TlsDemand.ByLevel;
import jamestls.mtasts.policy.TlsDemand.Dane;
import jamestls.mtasts.policy.TlsDemand.Listing;
import jamestls.mtasts.policy.TlsDemand.DnssecName;
import jamestls.mtasts.policy.TlsDemand.Observed;
import jamestls.mtasts.policy.TlsDemand.Opportunistic;
import jamestls.mtasts.policy.TlsDemand.RequireTls;
import jamestls.mtasts.policy.TlsDemand.Ruled;
import jamestls.mtasts.policy.TlsDemand.Strictness;
import jamestls.mtasts.policy.TlsDemand.Sts;
import jamestls.mtasts.policy.TlsDemand.Unreachable;
import jamestls.mtasts.policy.TlsDemand.Waived;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.TlsObservation.Handshake;
import jamestls.smtp.TlsObservation.StartTls;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The result of comparing an observed session with the TLS demand. A pure function; VerdictTest has the table.
 *
 * @param ruling what to do with this host
 * @param level the protection that the session has or would have had
 * @param shortfall the TLS faults for which the ruling is not SEND; empty if the host was unusable for another reason
 * @param forReport the result for each policy that was evaluated; empty if there is nothing to report
 * @param letPass the faults for which the domain's own demand rejects the session, where a rule holds in its place
 */
public record Verdict(Ruling ruling, TlsLevel level, List<Violation> shortfall, List<PolicyVerdict> forReport, List<Violation> letPass) {

    /** A verdict without faults that only a rule lets pass. */
    public Verdict(Ruling ruling, TlsLevel level, List<Violation> shortfall, List<PolicyVerdict> forReport) {
        this(ruling, level, shortfall, forReport, List.of());
    }

    /** The protection of a session. */
    public enum TlsLevel {
        /** Clear text. */
        NONE,
        /** Encrypted; the peer was not authenticated. */
        UNAUTHENTICATED,
        /** Encrypted; a policy names the host, and its certificate was verified. */
        AUTHENTICATED;

        /** The value of {@code tls=} in log lines. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What to do with a host. */
    public enum Ruling {
        SEND,
        /** The server closed the connection after the handshake, and no policy forbids clear text: connect with TLS once more. */
        RETRY_WITH_TLS,
        /** TLS failed, and no policy forbids clear text: connect again without STARTTLS. */
        RETRY_IN_CLEAR,
        NEXT_HOST
    }

    /** EHLO after STARTTLS must list REQUIRETLS (RFC 8689 §2). */
    private static final Violation NO_REQUIRETLS =
        new Violation(ResultType.VALIDATION_FAILURE, "REQUIRETLS not offered after STARTTLS");
    private static final Violation NOT_LISTED =
        new Violation(ResultType.VALIDATION_FAILURE, "MX does not match policy");
    private static final Violation CLOSED_AFTER_HANDSHAKE =
        new Violation(ResultType.VALIDATION_FAILURE, "closed-after-handshake");
    private static final Violation NO_STARTTLS = new Violation(ResultType.STARTTLS_NOT_SUPPORTED, "");

    /**
     * Judges a host before a connection.
     *
     * @return a verdict if no connection is allowed
     */
    public static Optional<Verdict> beforeConnecting(TlsDemand demand) {
        return switch (demand) {
            // RFC 8461 §5: not delivered to hosts that fail the MX match
            case Sts sts when sts.strictness() == Strictness.ENFORCED && sts.listing() == Listing.NOT_LISTED ->
                Optional.of(refused(TlsLevel.NONE, List.of(NOT_LISTED), List.of(violated(sts, List.of(NOT_LISTED)))));
            case Unreachable never -> Optional.of(refused(TlsLevel.NONE, List.of(never.why()),
                List.of(new PolicyVerdict.Violated(never.policy(), List.of(never.why())))));
            case Dane dane when dane.tlsa().strength() != Strength.AUTHENTICATES_DOMAIN -> beforeConnecting(dane.otherwise());
            case RequireTls required when required.by().isEmpty() -> Optional.of(refused(TlsLevel.NONE,
                List.of(new Violation(ResultType.VALIDATION_FAILURE, "REQUIRETLS needs DNSSEC or an enforced MTA-STS policy")), List.of()));
            case RequireTls required -> beforeConnecting(required.by().orElseThrow());
            case Ruled ruled -> ruled.inForce().stream().flatMap(each -> beforeConnecting(each).stream()).findFirst()
                // reported by the domain's own policy
                .map(never -> refused(TlsLevel.NONE, never.shortfall(),
                    beforeConnecting(ruled.own()).map(Verdict::forReport).orElse(List.of())));
            default -> Optional.empty();
        };
    }

    /**
     * Judges a session.
     *
     * @param demand the TLS that it must have
     * @param seen the observation of it
     * @param certificate the faults of the server's certificate; used only after a completed handshake
     */
    public static Verdict of(TlsDemand demand, TlsObservation seen, CertificateFaults certificate) {
        if (endedBeforeTls(seen)) {
            // RFC 8460 §4.3.4: network faults and busy servers are not reported
            return refused(TlsLevel.NONE, List.of(), List.of());
        }
        List<Violation> tls = tlsViolations(seen);
        return switch (demand) {
            case Waived waived -> opportunistic(seen, tls, List.of());
            case Opportunistic none -> opportunistic(seen, tls, List.of(counted(none, tls)));
            case Sts sts -> againstSts(sts, seen, tls, certificate.pkix());
            case Dane dane -> againstDane(dane, seen, tls, certificate);
            case DnssecName named -> againstDnssecName(named, seen, tls, certificate);
            case Unreachable never -> beforeConnecting(never).orElseThrow();
            case RequireTls required -> againstRequireTls(required, seen, certificate);
            case Ruled ruled -> againstRules(ruled, seen, certificate);
            case ByLevel byLevel -> againstLevel(byLevel, seen, tls, certificate.byRule());
            case Observed observed -> opportunistic(seen, tls, List.of()).below(of(observed.own(), seen, certificate).shortfall());
        };
    }

    /** Judges a session in clear text after TLS had failed. The failure is already reported. */
    public static Verdict inClear(TlsObservation seen) {
        return new Verdict(seen.failure().isEmpty() ? Ruling.SEND : Ruling.NEXT_HOST, TlsLevel.NONE, List.of(), List.of());
    }

    /** The same for a port with implicit TLS, where clear text is impossible. */
    public Verdict withoutClearText() {
        return ruling == Ruling.RETRY_IN_CLEAR ? new Verdict(Ruling.NEXT_HOST, level, shortfall, forReport) : this;
    }

    /** The same for a server that closed the connection after the handshake twice: clear text is next. The failure is already reported. */
    public Verdict afterSecondClose() {
        return ruling == Ruling.RETRY_WITH_TLS ? new Verdict(Ruling.RETRY_IN_CLEAR, level, shortfall, List.of(), letPass)
            : this;
    }

    /** Whether only the REQUIRETLS keyword was missing, which has a status code of its own (RFC 8689 §4.2.1). */
    public static boolean isMissingRequireTls(Violation violation) {
        return violation.equals(NO_REQUIRETLS);
    }

    private static Verdict opportunistic(TlsObservation seen, List<Violation> tls, List<PolicyVerdict> forReport) {
        boolean encrypted = seen.handshake() instanceof Handshake.Completed;
        TlsLevel level = encrypted ? TlsLevel.UNAUTHENTICATED : TlsLevel.NONE;
        if (seen.failure().isEmpty()) {
            return new Verdict(Ruling.SEND, level, List.of(), forReport);
        }
        if (!encrypted) {
            // RFC 7672 §2.2: opportunistic TLS that fails may be replaced by clear text
            return new Verdict(Ruling.RETRY_IN_CLEAR, level, tls, forReport);
        }
        return seen.isClosedAfterHandshake() ? new Verdict(Ruling.RETRY_WITH_TLS, level, tls, forReport)
            // a failure after the first reply over TLS is no TLS failure
            : new Verdict(Ruling.NEXT_HOST, level, List.of(), List.of());
    }

    private static Verdict againstSts(Sts sts, TlsObservation seen, List<Violation> tls, List<Violation> certificate) {
        List<Violation> all = new ArrayList<>();
        if (sts.listing() == Listing.NOT_LISTED) {
            all.add(NOT_LISTED);
        }
        all.addAll(tls);
        if (seen.handshake() instanceof Handshake.Completed) {
            all.addAll(certificate);
            if (seen.failure().isPresent() && (sts.strictness() == Strictness.ENFORCED || !seen.isClosedAfterHandshake())) {
                // encrypted, then lost without an alert: the network's fault, and success was not proven either
                return refused(TlsLevel.UNAUTHENTICATED, List.of(), List.of());
            }
        }
        if (all.isEmpty()) {
            return new Verdict(Ruling.SEND, TlsLevel.AUTHENTICATED, List.of(), List.of(new PolicyVerdict.Met(sts.applied())));
        }
        List<PolicyVerdict> forReport = List.of(violated(sts, all));
        return sts.strictness() == Strictness.ENFORCED
            ? refused(reached(seen), all, forReport)
            // RFC 8461 §5: testing reports and delivers
            : opportunistic(seen, tls, forReport);
    }

    /** Judges by TLSA records (RFC 7672 §2.2). The policy that would apply without them is evaluated and reported as well. */
    private static Verdict againstDane(Dane dane, TlsObservation seen, List<Violation> tls, CertificateFaults certificate) {
        List<Violation> all = new ArrayList<>(tls);
        if (seen.handshake() instanceof Handshake.Completed) {
            if (seen.failure().isPresent()) {
                return refused(TlsLevel.UNAUTHENTICATED, List.of(), List.of());
            }
            all.addAll(certificate.dane());
        }
        AppliedPolicy applied = dane.tlsa().applied();
        Verdict beside = of(dane.otherwise(), seen, certificate);
        List<PolicyVerdict> forReport = new ArrayList<>();
        forReport.add(all.isEmpty() ? new PolicyVerdict.Met(applied) : new PolicyVerdict.Violated(applied, all));
        // "no policy found" is not reported beside DANE
        beside.forReport().stream().filter(verdict -> verdict.policy().type() != PolicyType.NO_POLICY_FOUND).forEach(forReport::add);
        Strength strength = dane.tlsa().strength();
        // without usable records any TLS satisfies the demand; tlsa-invalid is only reported
        List<Violation> shortfall = strength == Strength.ENCRYPTS ? tls : all;
        if (!shortfall.isEmpty()) {
            return refused(reached(seen), shortfall, forReport);
        }
        if (strength == Strength.AUTHENTICATES_DOMAIN) {
            return new Verdict(Ruling.SEND, TlsLevel.AUTHENTICATED, List.of(), forReport);
        }
        return beside.ruling() == Ruling.SEND ? new Verdict(Ruling.SEND, beside.level(), List.of(), forReport)
            : refused(beside.level(), beside.shortfall(), forReport);
    }

    /** Judges by a name proven by DNSSEC and a trusted certificate (RFC 8689 §4.2.1). */
    private static Verdict againstDnssecName(DnssecName named, TlsObservation seen, List<Violation> tls, CertificateFaults certificate) {
        if (seen.handshake() instanceof Handshake.Completed && seen.failure().isPresent()) {
            return refused(TlsLevel.UNAUTHENTICATED, List.of(), List.of());
        }
        Verdict beside = of(named.otherwise(), seen, certificate);
        List<Violation> all = new ArrayList<>(tls);
        all.addAll(certificate.pkix());
        return seen.failure().isPresent() || !all.isEmpty() || beside.ruling() != Ruling.SEND
            ? refused(reached(seen), all, beside.forReport())
            : new Verdict(Ruling.SEND, TlsLevel.AUTHENTICATED, List.of(), beside.forReport());
    }

    private static Verdict againstRequireTls(RequireTls required, TlsObservation seen, CertificateFaults certificate) {
        Optional<Verdict> never = beforeConnecting(required);
        if (never.isPresent()) {
            return never.get();
        }
        Verdict byPolicy = of(required.by().orElseThrow(), seen, certificate);
        return byPolicy.ruling() == Ruling.SEND && !seen.capabilities().offers("REQUIRETLS")
            ? refused(byPolicy.level(), List.of(NO_REQUIRETLS), byPolicy.forReport())
            : byPolicy;
    }

    /** Judges by all demands together. Report and let-through faults follow from the domain's own demand. */
    private static Verdict againstRules(Ruled ruled, TlsObservation seen, CertificateFaults certificate) {
        Verdict own = of(ruled.own(), seen, certificate);
        List<Verdict> all = ruled.inForce().stream().map(each -> of(each, seen, certificate)).toList();
        Ruling strictest = all.stream().map(Verdict::ruling).max(Comparator.naturalOrder()).orElseThrow();
        TlsLevel level = Stream.concat(Stream.of(own), all.stream())
            .filter(each -> strictest != Ruling.NEXT_HOST || each.ruling() == Ruling.NEXT_HOST)
            .map(Verdict::level).max(Comparator.naturalOrder()).orElseThrow();
        List<Violation> shortfall = all.stream().flatMap(each -> each.shortfall().stream()).distinct().toList();
        Verdict verdict = new Verdict(strictest, level, shortfall, own.forReport());
        if (strictest == Ruling.NEXT_HOST) {
            return verdict;
        }
        // no demand asks for clear text where TLS is offered
        List<Violation> withoutTls = ruled.avoidsTls() ? tlsViolations(seen) : List.of();
        return verdict.below(own.ruling() == Ruling.NEXT_HOST ? own.shortfall() : withoutTls);
    }

    private static Verdict againstLevel(ByLevel demand, TlsObservation seen, List<Violation> tls, List<Violation> certificate) {
        if (demand.level() == Level.MAY) {
            return opportunistic(seen, tls, List.of());
        }
        if (demand.level() == Level.NONE) {
            return seen.failure().isEmpty() ? new Verdict(Ruling.SEND, reached(seen), List.of(), List.of())
                : refused(reached(seen), List.of(), List.of());
        }
        List<Violation> all = new ArrayList<>(tls);
        if (seen.handshake() instanceof Handshake.Completed completed) {
            if (seen.failure().isPresent()) {
                return refused(TlsLevel.UNAUTHENTICATED, List.of(), List.of());
            }
            demand.atLeast().filter(oldest -> !oldest.isMetBy(completed.protocol())).ifPresent(oldest -> all.add(new Violation(
                ResultType.VALIDATION_FAILURE, completed.protocol() + ", and a rule of this server asks for TLS " + oldest.word())));
            if (demand.level().isVerified()) {
                all.addAll(certificate);
            }
        }
        return all.isEmpty() ? new Verdict(Ruling.SEND, demand.proof(), List.of(), List.of()) : refused(reached(seen), all, List.of());
    }

    /** The same for a session that a rule lets pass with these faults of the domain's own demand. */
    private Verdict below(List<Violation> ownShortfall) {
        return new Verdict(ruling, level, shortfall, forReport, ownShortfall);
    }

    /** The faults of TLS itself, apart from the certificate. */
    private static List<Violation> tlsViolations(TlsObservation seen) {
        if (seen.startTls() == StartTls.NOT_OFFERED) {
            return List.of(NO_STARTTLS);
        }
        return switch (seen.handshake()) {
            case Handshake.Completed completed -> seen.isClosedAfterHandshake() ? List.of(CLOSED_AFTER_HANDSHAKE) : List.of();
            case Handshake.Failed failed -> List.of(new Violation(ResultType.VALIDATION_FAILURE, failed.cause()));
            case Handshake.NotAttempted notAttempted -> List.of(new Violation(ResultType.VALIDATION_FAILURE,
                seen.startTlsReply().map(reply -> "STARTTLS reply " + reply.code())
                    .or(() -> seen.failure().map(failure -> failure.detail())).orElse("STARTTLS not used")));
        };
    }

    private static PolicyVerdict counted(Opportunistic none, List<Violation> tls) {
        if (none.policyProblem().isPresent()) {
            return new PolicyVerdict.Violated(none.counted(), List.of(none.policyProblem().get()));
        }
        return tls.isEmpty() ? new PolicyVerdict.Met(none.counted()) : new PolicyVerdict.Violated(none.counted(), tls);
    }

    private static boolean endedBeforeTls(TlsObservation seen) {
        return seen.startTls() == StartTls.UNKNOWN
            || seen.startTls() == StartTls.NOT_OFFERED && seen.failure().isPresent();
    }

    private static TlsLevel reached(TlsObservation seen) {
        return seen.handshake() instanceof Handshake.Completed ? TlsLevel.UNAUTHENTICATED : TlsLevel.NONE;
    }

    private static PolicyVerdict violated(Sts sts, List<Violation> violations) {
        return new PolicyVerdict.Violated(sts.applied(), violations);
    }

    private static Verdict refused(TlsLevel level, List<Violation> shortfall, List<PolicyVerdict> forReport) {
        return new Verdict(Ruling.NEXT_HOST, level, shortfall, forReport);
    }
}
