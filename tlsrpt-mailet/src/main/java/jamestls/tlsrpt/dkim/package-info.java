/**
 * Verifies the DKIM signatures (RFC 6376) of our own report mails as their receivers do, and of those that come in. James signs ours;
 * {@link jamestls.tlsrpt.dkim.DkimVerifier} uses no classes of James, so that the verifier does not repeat errors of the signer.
 */
package jamestls.tlsrpt.dkim;

