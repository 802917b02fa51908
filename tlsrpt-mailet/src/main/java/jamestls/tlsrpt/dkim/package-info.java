/**
 * Verifies the DKIM signatures (RFC 6376) of our own report mails as their receivers will. James signs them;
 * {@link jamestls.tlsrpt.dkim.DkimVerifier} uses none of James's classes, so that no fault of the signer is repeated by the verifier.
 */
package jamestls.tlsrpt.dkim;

