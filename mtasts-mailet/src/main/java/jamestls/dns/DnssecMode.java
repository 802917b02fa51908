package jamestls.dns;


/** Who decides whether an answer is secure. */
public enum DnssecMode {
    /** This process: every signature is checked here, from the trust anchors down. */
    VALIDATE("validate"),
    /** The resolver, which says so in the AD bit; that is trustworthy only over loopback (RFC 7672 §2.1.1, RFC 6840 §5.7). */
    TRUST_AD("trust-ad"),
    /** Nobody: every answer is insecure. */
    OFF("off");

    private final String parameter;

    DnssecMode(String parameter) {
        this.parameter = parameter;
    }

    @Override
    public String toString() {
        return parameter;
    }
}
