package jamestls.james;

import jamestls.fakeinternet.ServerPorts;

/** The ports a test server listens on, all on 127.0.0.1. */
public record Ports(int smtp, int submission, int imap, int webadmin) {

    /** Four ports that were free a moment ago. */
    public static Ports free() {
        return new Ports(ServerPorts.free(), ServerPorts.free(), ServerPorts.free(), ServerPorts.free());
    }
}
