package jamestls.james;

/** A user of the James under test. */
public record Account(String address, String password) {

    /** Someone who writes mails. */
    public static final Account ALICE = new Account("alice@sender.example", "wonderland");

    /** One of the administrators of TlsReporting in james-conf. */
    public static final Account ADMIN = new Account("admin@sender.example", "looking-glass");
}
