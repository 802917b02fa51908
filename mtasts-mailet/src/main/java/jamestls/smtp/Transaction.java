package jamestls.smtp;

import jamestls.smtp.EnvelopeCommands.Step;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnection.ConnectionLost;
import jamestls.smtp.SmtpSession.MessageContent;
import jamestls.smtp.Transmission.FinalDot;
import jamestls.smtp.Transmission.RecipientReply;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** One mail over one session (RFC 5321 §3.3): the envelope in groups of commands, then the body. */
final class Transaction {

    /** What is sent before replies are read: more might fill both directions of the connection and stall (RFC 2920 §3.1). */
    private static final int MAX_GROUP = 8_192;
    static final String PIPELINING = "PIPELINING";
    /** In {@link ExtensionMemory}: the server does not take an envelope behind the final dot of the mail before. */
    static final String ACROSS_MAILS = "PIPELINING across mails";
    /** The longest wait for the first reply to an envelope sent ahead: a server that has lost it says nothing. */
    private static final Duration MAX_WAIT_AFTER_SENT_AHEAD = Duration.ofSeconds(10);
    private static final int DATA_GO_AHEAD = 354;
    /** RFC 5321 §4.2.2: a parameter is not recognized or not implemented. */
    private static final Set<Integer> PARAMETER_REFUSED = Set.of(501, 504, 555);
    /** In characters, for all recipients of a mail. */
    private static final int MAX_REPLY_TEXT = 65_536;

    private final SmtpConnection connection;
    private final Deque<Step> rest;
    private final int largestGroup;
    private final int recipients;
    private final OptionalLong size;

    private final List<RecipientReply> refused = new ArrayList<>();
    private final List<String> accepted = new ArrayList<>();
    private final String mailCommand;
    private int textKept;
    private boolean outOfStep;
    /** Commands of the last group that was sent, and how many of them were answered. */
    private int inGroup;
    private int answered;
    private Optional<SmtpReply> mailRefusal = Optional.empty();
    private Optional<SmtpReply> dataReply = Optional.empty();
    private FinalDot endOfData = FinalDot.NOT_SENT;
    /** The whole envelope, if it was sent while the reply to another mail was awaited. */
    private List<Step> sentAhead = List.of();
    private Optional<Duration> finalReplyTime = Optional.empty();

    /** @param size of the mail in bytes, if known */
    Transaction(SmtpConnection connection, List<Step> steps, Capabilities capabilities, OptionalLong size) {
        this.size = size;
        this.connection = connection;
        this.rest = new ArrayDeque<>(steps);
        this.mailCommand = steps.getFirst().command().toString();
        this.recipients = steps.size() - 2;
        // one command at a time is a group of one
        this.largestGroup = capabilities.offers(PIPELINING) ? MAX_GROUP : 0;
    }

    /**
     * Sends the envelope while the reply to the mail before is awaited (RFC 2920 §3.1: DATA ends a group, content follows after 354
     * only). For another thread than the one that awaits that reply.
     *
     * @return false if nothing was sent, because the envelope is more than one group
     */
    boolean sendAhead() throws IOException {
        if (rest.stream().mapToInt(step -> step.command().length()).sum() > largestGroup) {
            return false;
        }
        sentAhead = nextGroup();
        connection.writeAhead(commands(sentAhead));
        return true;
    }

    /**
     * Sends the mail.
     *
     * @param dotSent called when the final dot is on its way, before its reply is awaited
     */
    Transmission run(MessageContent content, Runnable dotSent) {
        try {
            connection.beginEnvelope(recipients);
            sayEnvelope();
            connection.endEnvelope();
            if (mailRefusal.isPresent() || accepted.isEmpty()) {
                takeBack();
                return refusals();
            }
            return dataReply.orElseThrow().code() == DATA_GO_AHEAD
                ? sendBody(content, dotSent) : completed(dataReply.get(), Phase.DATA);
        } catch (ConnectionLost lost) {
            // what the server refused before it was lost stays refused
            return mailRefusal.isPresent() || refused.size() == recipients
                ? refusals()
                : new Transmission.Broken(lost.failure(), refused, endOfData);
        }
    }

    /** The extension that the mail failed at, if it was one (RFC 5321 §4.2.4, RFC 2920, RFC 6152, RFC 6531). */
    Optional<String> failedExtension(Transmission result) {
        if (result instanceof Transmission.Broken && outOfStep && largestGroup > 0) {
            return Optional.of(sentAhead.isEmpty() ? PIPELINING : ACROSS_MAILS);
        }
        if (mailRefusal.filter(reply -> PARAMETER_REFUSED.contains(reply.code())).isEmpty()) {
            return Optional.empty();
        }
        return mailCommand.contains(" SMTPUTF8") ? Optional.of("SMTPUTF8")
            : mailCommand.contains(" BODY=8BITMIME") ? Optional.of("8BITMIME") : Optional.empty();
    }

    /** The server has MAIL but no mail: the next one must be preceded by RSET. */
    boolean isLeftOpen() {
        return mailRefusal.isEmpty() && dataReply.filter(reply -> reply.code() == DATA_GO_AHEAD).isEmpty();
    }

    /**
     * Whether the connection was lost, or the time was over, in the envelope.
     *
     * @see #isLostInGroup
     */
    boolean isLostInEnvelope(Transmission result) {
        return result instanceof Transmission.Broken broken && broken.failure().cause() == SessionFailure.Cause.LOST
            && dataReply.isEmpty();
    }

    /**
     * Whether that happened while answers to several commands in one piece were due: the server closed the connection, or fell silent
     * after it had answered some of them, as servers do that drop what they have read beyond one command.
     */
    boolean isLostInGroup(Transmission result) {
        return isLostInEnvelope(result) && inGroup > 1 && answered < inGroup && (answered > 0 || !connection.isOverdue());
    }

    /** Whether the connection was lost, or nothing was said, after the envelope was sent ahead. */
    boolean isLostAfterSentAhead(Transmission result) {
        return !sentAhead.isEmpty() && isLostInEnvelope(result);
    }

    /** How long the server took to reply to the final dot; empty if it did not. */
    Optional<Duration> finalReplyTime() {
        return finalReplyTime;
    }

    private void sayEnvelope() throws ConnectionLost {
        if (!sentAhead.isEmpty()) {
            takeAnswers(sentAhead);
        }
        while (!rest.isEmpty() && mailRefusal.isEmpty() && !(rest.getFirst().phase() == Phase.DATA && accepted.isEmpty())) {
            List<Step> group = nextGroup();
            connection.enter(group.getFirst().phase());
            connection.write(commands(group));
            takeAnswers(group);
        }
    }

    private void takeAnswers(List<Step> group) throws ConnectionLost {
        inGroup = group.size();
        answered = 0;
        for (Step step : group) {
            if (answered == 0 && !sentAhead.isEmpty()) {
                connection.restart(step.phase(), MAX_WAIT_AFTER_SENT_AHEAD);
            } else {
                connection.restart(step.phase());
            }
            take(step, connection.answer());
            answered++;
        }
    }

    private static CommandLine[] commands(List<Step> group) {
        return group.stream().map(Step::command).toArray(CommandLine[]::new);
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
            outOfStep = true;
            throw connection.violation("no answer to " + step.phase() + ": " + reply);
        }
        switch (step.phase()) {
            case MAIL -> mailRefusal = goAhead ? Optional.empty() : Optional.of(reply);
            case RCPT -> {
                if (goAhead) {
                    accepted.add(step.recipient());
                } else {
                    refused.add(new RecipientReply(step.recipient(), kept(reply), Phase.RCPT));
                }
            }
            default -> dataReply = Optional.of(reply);
        }
    }

    /** The reply, or only its codes once the replies of this mail have {@link #MAX_REPLY_TEXT} characters. */
    private SmtpReply kept(SmtpReply reply) {
        textKept += reply.textLength();
        return textKept <= MAX_REPLY_TEXT ? reply : reply.withoutText();
    }

    /** A server may go ahead with DATA although it has taken nobody: RFC 2920 §3.1 has us send it an empty mail. */
    private void takeBack() {
        if (dataReply.filter(reply -> reply.code() == DATA_GO_AHEAD).isEmpty()) {
            return;
        }
        if (!accepted.isEmpty()) {
            // it took recipients of a mail it refused: an empty mail might reach them
            connection.abort();
            return;
        }
        try {
            connection.enter(Phase.FINAL_REPLY);
            connection.write(new CommandLine("."));
            connection.answer();
        } catch (ConnectionLost lost) {
            // all is decided already, and the session is closed
        }
    }

    private Transmission sendBody(MessageContent content, Runnable dotSent) throws ConnectionLost {
        connection.enterBody(size);
        DotStuffer body = new DotStuffer(connection.body());
        Optional<Exception> trouble = write(content, body);
        if (connection.bodyFailure().isPresent()) {
            throw connection.writeFailed(connection.bodyFailure().get());
        }
        if (trouble.isPresent()) {
            connection.abort();
            return new Transmission.Unreadable(trouble.get(), refused);
        }
        endOfData = FinalDot.SENT;
        try {
            body.finish();
        } catch (IOException e) {
            throw connection.writeFailed(e);
        }
        connection.enter(Phase.FINAL_REPLY);
        long sent = System.nanoTime();
        dotSent.run();
        SmtpReply reply = connection.read();
        finalReplyTime = Optional.of(Duration.ofNanos(System.nanoTime() - sent));
        return finalReply(reply);
    }

    private static Optional<Exception> write(MessageContent content, DotStuffer body) {
        try {
            content.writeTo(body);
            return Optional.empty();
        } catch (IOException | RuntimeException e) {
            return Optional.of(e);
        }
    }

    private Transmission finalReply(SmtpReply reply) throws ConnectionLost {
        if (reply.code() / 100 == 3) {
            throw connection.violation("no answer to a mail: " + reply);
        }
        if (reply.code() == 421) {
            // a refusal like any other, and a farewell
            connection.abort();
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
