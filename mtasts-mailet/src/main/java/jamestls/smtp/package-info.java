/**
 * SMTP client for one mail server: opens sessions, records what it observes, sends mails. Which server, whether what was seen
 * is good enough, and what happens to a mail that was refused is decided elsewhere. This package knows no policy, no DNS
 * answer and no queue.
 *
 * <pre>
 *   SmtpConnector.connect ─► SessionSetup: connect, greeting, EHLO, STARTTLS, handshake, EHLO ─► SmtpSession + TlsObservation
 *   SmtpSession.send ──────► EnvelopeCommands ─► Transaction: MAIL, RCPT…, DATA, body, final reply ─► Transmission
 *                                both on SmtpConnection: one phase at a time, each under one deadline; any fault closes the connection
 * </pre>
 *
 * <h2>Phases and deadlines</h2>
 * A session is always in one {@link jamestls.smtp.SessionFailure.Phase}, which has a time limit
 * ({@link jamestls.smtp.SmtpSettings}). A watchdog closes the connection when the time is over, which ends blocked reads, writes and
 * handshakes alike; a server that sends a byte a minute does not extend its time. Each answer to MAIL, RCPT and DATA has the
 * limit of its phase, and all commands of an envelope share one more limit that grows with the number of recipients. The limit of
 * the body grows with its size.
 *
 * <h2>What a server may send us</h2>
 * Replies of up to 64 KiB ({@code ReplyReader}), of which at most 512 characters are kept. The code of the last line counts; of a reply
 * that exceeds the bound, that of the first line, and the session ends after it. A reply that comes before its question ends the
 * session. A 421 ends it at any point and is what the failure reports, also when it is found only because our write failed.
 *
 * <h2>STARTTLS</h2>
 * It is sent only when offered, and only 220 starts TLS; after any other reply the session goes on in clear and
 * {@link jamestls.smtp.TlsObservation#startTlsReply()} shows it. Bytes that arrive in clear after the 220 may be anybody's
 * (RFC 3207 §6), so the session ends if there are any when the handshake is to start; if they come later, the TLS library
 * meets something that is no TLS record, and the handshake fails. Replies under TLS are read by a new reader, and the
 * extensions are those of the second EHLO alone. A failed handshake closes the connection: going on in clear takes a new
 * one, with {@link jamestls.smtp.SmtpConnector.TlsUse#NEVER}, which the caller asks for if policy allows it. The handshake accepts any
 * certificate, for reasons given in {@code TlsHandshake}, and no mail is sent before somebody has judged it.
 *
 * <h2>What we send</h2>
 * No control character ever gets into a command. Parameters of MAIL and RCPT are sent only to servers that offer their
 * extension; REQUIRETLS also only if it was offered under TLS. With PIPELINING the envelope goes out in groups of at most
 * 8 KiB, and the next mail's group may go out behind the final dot ({@link jamestls.smtp.NextMail}). Bare CR and LF in a mail
 * become CRLF ({@code DotStuffer}). A mail whose source fails half way is never ended with
 * the final dot. An 8-bit mail is sent as it is to a server without 8BITMIME; who wants it converted looks at
 * {@link jamestls.smtp.TlsObservation#capabilities()} first.
 */
package jamestls.smtp;
