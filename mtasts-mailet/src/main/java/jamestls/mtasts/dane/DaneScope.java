package jamestls.mtasts.dane;

import jamestls.config.Parameters;

/** Where DANE is used. */
public enum DaneScope {
    /** Nowhere: no TLSA record is looked up. */
    OFF,
    /** Where DNSSEC proves the way from the recipient domain to the host. */
    SECURE_MX,
    /**
     * Also at hosts with secure addresses that an insecure MX record names (RFC 7672 §2.2.1): whoever forges the MX record
     * can lead the mail elsewhere, but nobody between us and the host can read it.
     */
    ANY_MX;

    private enum Use { ON, OFF }

    private enum InsecureMx { DANE, IGNORE }

    /** Reads the parameters {@code dane} and {@code insecureMx}. */
    public static DaneScope of(Parameters parameters) {
        Use use = parameters.oneOf("dane", Use.ON, Use.values());
        InsecureMx insecureMx = parameters.oneOf("insecureMx", InsecureMx.DANE, InsecureMx.values());
        return use == Use.OFF ? OFF : insecureMx == InsecureMx.DANE ? ANY_MX : SECURE_MX;
    }
}
