package jamestls.smtp;

import jamestls.smtp.EnvelopeCommands.Step;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.Transmission.FinalDot;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** One mail over one session (RFC 5321 §3.3): the envelope in groups of commands, then the body. */
final class Transaction {

    /** What is sent before replies are read: more might fill both directions of the connection and stall (RFC 2920 §3.1). */
    private static final int MAX_GROUP = 8_192;
    private static final int DATA_GO_AHEAD = 354;

    private final SmtpConnection wire;
    private final Deque<Step> rest;
    private final int largestGroup;
    private final int recipients;

    private final List<RecipientReply> refused = new ArrayList<>();
    private final List<String> accepted = new ArrayList<>();
    private Optional<SmtpReply> mailRefusal = Optional.empty();
    private Optional<SmtpReply> dataReply = Optional.empty();
    private FinalDot endOfData = FinalDot.NOT_SENT;

    Transaction(SmtpConnection wire, List<Step> steps, Capabilities capabilities) {
        this.wire = wire;
        this.rest = new ArrayDeque<>(steps);
        this.recipients = steps.size() - 2;
        // one command at a time is a group of one
        this.largestGroup = capabilities.offers("PIPELINING") ? MAX_GROUP : 0;
    }

    Transmission run(MessageContent content) {
        try {
            sayEnvelope();
            if (mailRefusal.isPresent() || accepted.isEmpty()) {
                takeBack();
                return refusals();
            }
            return dataReply.orElseThrow().code() == DATA_GO_AHEAD
                ? sendBody(content) : completed(dataReply.get(), Phase.DATA);
        } catch (ConnectionLost lost) {
            // what the server refused before it was lost stays refused
            return mailRefusal.isPresent() || refused.size() == recipients
                ? refusals()
                : new Transmission.Broken(lost.failure(), refused, endOfData);
        }
    }

    /** The server has MAIL but no mail: the next one must be preceded by RSET. */
    boolean isLeftOpen() {
        return mailRefusal.isEmpty() && dataReply.filter(reply -> reply.code() == DATA_GO_AHEAD).isEmpty();
    }

    private void sayEnvelope() throws ConnectionLost {
        while (!rest.isEmpty() && mailRefusal.isEmpty() && !(rest.getFirst().phase() == Phase.DATA && accepted.isEmpty())) {
            List<Step> group = nextGroup();
            wire.enter(group.getFirst().phase());
            wire.write(group.stream().map(Step::command).toArray(CommandLine[]::new));
            for (Step step : group) {
                wire.enter(step.phase());
                take(step, wire.answer());
            }
        }
    }

    private List<Step> nextGroup() {
        List<Step> group = new ArrayList<>();
        int length = 0;
        do {
            length += rest.getFirst().command().length();
            group.add(rest.removeFirst());
        } while (!rest.isEmpty() && length + rest.getFirst().command().length() <= largestGroup);
        return group;
    }

    private void take(Step step, SmtpReply reply) throws ConnectionLost {
        boolean goAhead = step.phase() == Phase.DATA ? reply.code() == DATA_GO_AHEAD : reply.code() / 100 == 2;
        if (!goAhead && reply.isPositive()) {
            throw wire.violation("no answer to " + step.phase() + ": " + reply);
        }
        switch (step.phase()) {
            case MAIL -> mailRefusal = goAhead ? Optional.empty() : Optional.of(reply);
            case RCPT -> {
                if (goAhead) {
                    accepted.add(step.recipient());
                } else {
                    refused.add(new RecipientReply(step.recipient(), reply, Phase.RCPT));
                }
            }
            default -> dataReply = Optional.of(reply);
        }
    }

    /** A server may go ahead with DATA although it has taken nobody: RFC 2920 §3.1 has us send it an empty mail. */
    private void takeBack() {
        if (dataReply.filter(reply -> reply.code() == DATA_GO_AHEAD).isEmpty()) {
            return;
        }
        if (!accepted.isEmpty()) {
            // it took recipients of a mail it refused: an empty mail might reach them
            wire.abort();
            return;
        }
        try {
            wire.enter(Phase.FINAL_REPLY);
            wire.write(new CommandLine("."));
            wire.answer();
        } catch (ConnectionLost lost) {
            // all is decided already, and the session is closed
        }
    }

    private Transmission sendBody(MessageContent content) throws ConnectionLost {
        wire.enter(Phase.BODY);
        DotStuffer body = new DotStuffer(wire.body());
        Optional<Exception> trouble = write(content, body);
        if (wire.bodyFailure().isPresent()) {
            throw wire.writeFailed(wire.bodyFailure().get());
        }
        if (trouble.isPresent()) {
            wire.abort();
            return new Transmission.Unreadable(trouble.get(), refused);
        }
        endOfData = FinalDot.SENT;
        try {
            body.finish();
        } catch (IOException e) {
            throw wire.writeFailed(e);
        }
        return finalReply();
    }

    private static Optional<Exception> write(MessageContent content, DotStuffer body) {
        try {
            content.writeTo(body);
            return Optional.empty();
        } catch (IOException | RuntimeException e) {
            return Optional.of(e);
        }
    }

    private Transmission finalReply() throws ConnectionLost {
        wire.enter(Phase.FINAL_REPLY);
        SmtpReply reply = wire.read();
        if (reply.code() / 100 == 3) {
            throw wire.violation("no answer to a mail: " + reply);
        }
        if (reply.code() == 421) {
            // a refusal like any other, and a farewell
            wire.abort();
        }
        return completed(reply, Phase.FINAL_REPLY);
    }

    private Transmission completed(SmtpReply reply, Phase phase) {
        List<RecipientReply> all = new ArrayList<>(refused);
        accepted.forEach(recipient -> all.add(new RecipientReply(recipient, reply, phase)));
        return new Transmission.Completed(all);
    }

    private Transmission refusals() {
        return mailRefusal.<Transmission>map(reply -> new Transmission.Refused(reply, Phase.MAIL))
            .orElseGet(() -> new Transmission.Completed(refused));
    }
}
