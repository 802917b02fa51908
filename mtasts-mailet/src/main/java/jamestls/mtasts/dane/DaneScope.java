package jamestls.mtasts.dane;

import jamestls.config.Parameters;

/** The hosts for which DANE is used. */
public enum DaneScope {
    /** None: TLSA records are not looked up. */
    OFF,
    /** Hosts whose MX record and addresses DNSSEC proves. */
    SECURE_MX,
    /**
     * Also hosts with secure addresses behind an insecure MX record (RFC 7672 §2.2.1). A forged MX record can still redirect the mail,
     * but the connection to the named host is protected.
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
