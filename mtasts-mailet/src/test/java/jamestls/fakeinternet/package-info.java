/**
 * An internet small enough for one test, and hostile on demand.
 *
 * <p>Everything here is real as far as a client can see: DNS over UDP and TCP, TLS with certificates that chain to a root,
 * HTTPS, SMTP with STARTTLS, each on a loopback address. Nothing is mocked and no check is switched off; a client trusts
 * the {@linkplain jamestls.fakeinternet.TestCa authority} by way of its trust store parameter, finds names through its
 * DNS server parameter, and is told to allow addresses that are not public. A scenario reads like this:
 *
 * <pre>
 *   try (FakeInternet internet = FakeInternet.start()
 *           .policy("good.example", "version: STSv1\nmode: enforce\nmx: mx.good.example\nmax_age: 86400\n")
 *           .mx("good.example", 10, "mx.good.example")
 *           .mx("good.example", 20, SmtpServer.named("old.good.example"))) {
 *       internet.dns().faults().set("_mta-sts.good.example", DnsFault.SERVFAIL);
 *       internet.policyHost().answer("mta-sts.good.example", new HttpAnswer.Stall());
 *       internet.mailServer("mx.good.example").replyTo("bob@good.example", "450 4.2.1 later");
 *       … deliver with internet.dnsAddress(), internet.policyPort(), internet.smtpPort(), internet.ca().trustStore() …
 *       assertThat(internet.policyHost().requests("mta-sts.good.example")).isEqualTo(1);
 *   }
 * </pre>
 *
 * <p>All web hosts share one address and port and are told apart by SNI. Mail servers have an address each (Linux lets
 * anyone listen anywhere in 127/8) and share the port, as they share port 25 out there.
 *
 * <h2>What can go wrong</h2>
 *
 * <ul>
 *   <li>DNS, by name or by name and type, {@link jamestls.fakeinternet.DnsFault}: SERVFAIL, REFUSED, NXDOMAIN, no answer,
 *       truncation over UDP, an answer that does not parse, an answer that stops at the first CNAME; also a delay. Names and
 *       texts that no host may have go into the {@link jamestls.fakeinternet.Zone} as they are.
 *   <li>DNSSEC. A {@link jamestls.fakeinternet.DnsTree} cuts a {@code Zone} into zones from the root down, each signed in its own
 *       way ({@link jamestls.fakeinternet.Signing}: RSA, ECDSA or Ed25519; NSEC, NSEC3, opt-out) or not at all, and signs as it
 *       answers. {@link jamestls.fakeinternet.SigningFault} says by name what is wrong: signatures expired, forged, missing, too
 *       many, by a stranger's key; a delegation stripped or to another key; proofs of absence about something else. A
 *       resolver that strips everything is {@code tree.strip(true)}. The client trusts {@code tree.trustAnchors()}. The same tree
 *       goes to software of others with {@link jamestls.fakeinternet.NameServers}.
 *   <li>HTTPS, by host, {@link jamestls.fakeinternet.HttpAnswer}: redirect, other status, wrong or missing media type, a body
 *       of any size under any framing, body or headers that drip for ever, huge headers, an end in the middle, silence, bytes
 *       that are not HTTP. By connection, {@link jamestls.fakeinternet.PolicyHost.Door}: silence before TLS, a slammed door,
 *       plain text; and old TLS versions only.
 *   <li>Certificates, {@link jamestls.fakeinternet.TestCa}: expired, not yet valid, for another name, for the common name
 *       only, self-signed, from an authority nobody trusts.
 *   <li>SMTP, by phase, {@link jamestls.fakeinternet.SmtpAct} at {@link jamestls.fakeinternet.SmtpPhase}: any reply, stall,
 *       drop, flood, drip, injected bytes, latency.
 * </ul>
 *
 * <p>Each server counts or keeps what it saw, so that a test can also say what must <em>not</em> have happened.
 */
package jamestls.fakeinternet;
