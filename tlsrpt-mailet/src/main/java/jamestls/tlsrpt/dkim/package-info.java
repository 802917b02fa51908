/**
 * Signatures by DKIM (RFC 6376), as far as reports need them: {@link jamestls.tlsrpt.dkim.DkimVerifier} looks at what James has
 * signed, {@link jamestls.tlsrpt.dkim.Signer} signs where there is no James. Neither uses James's classes, and each is held
 * against another's implementation in the tests.
 */
package jamestls.tlsrpt.dkim;
