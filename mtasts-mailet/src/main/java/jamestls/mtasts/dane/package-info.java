/**
 * DANE for SMTP (RFC 7672): which MX hosts have TLSA records that count, and whether a certificate chain fits them.
 *
 * <p>{@link jamestls.mtasts.dane.TlsaRecords} finds them, {@link jamestls.mtasts.dane.DaneVerifier} checks a chain
 * against them. What follows for the mail is decided in {@code policy}.
 */
package jamestls.mtasts.dane;
