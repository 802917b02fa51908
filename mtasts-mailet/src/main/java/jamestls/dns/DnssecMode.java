package jamestls.dns;


/** Who decides whether an answer is secure. */
public enum DnssecMode {
    /** This process, which checks every signature from the trust anchors down. */
    VALIDATE("validate"),
    /** The resolver, by the AD bit, which is trustworthy only over loopback (RFC 7672 §2.1.1, RFC 6840 §5.7). */
    TRUST_AD("trust-ad"),
    /** No validation: every answer is insecure. */
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
