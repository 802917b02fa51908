/**
 * DANE for SMTP (RFC 7672): which MX hosts have secure TLSA records, and whether a certificate chain matches them.
 *
 * <p>{@link jamestls.mtasts.dane.TlsaRecords} finds them, {@link jamestls.mtasts.dane.DaneVerifier} checks a chain
 * against them. The package {@code policy} decides what follows for the mail.
 */
package jamestls.mtasts.dane;
