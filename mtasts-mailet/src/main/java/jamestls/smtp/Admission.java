package jamestls.smtp;

/** The pool's answer to a mail that needs a session with one server. */
public sealed interface Admission {

    /** A session that has idled; the caller closes the lease. */
    record Reuse(Lease lease) implements Admission {
    }

    /** The mail is the next one on a session that awaits the final reply to another mail; the caller closes it. */
    record Next(NextMail mail) implements Admission {
    }

    /** The mail may open a session; the caller closes the opening. */
    record Open(Opening opening) implements Admission {
    }

    /** The server answered nobody: another mail's attempt failed while this one waited for it, or shortly before. */
    record Failed(SessionFailure why) implements Admission {
    }

    /** All sessions the server takes carry other mails, for longer than the caller can wait. */
    record Busy() implements Admission {
    }
}
