package jamestls.mtasts.delivery;

import jamestls.dns.DnsAnswer;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.TlsDemand;
import java.net.InetAddress;

/**
 * What is known of one MX host before it is connected to, and what follows from it.
 *
 * @param addresses what the look-up of its addresses came to
 * @param dane what the look-up of its TLSA records came to
 * @param demand what a session there must have
 */
record HostPlan(MxHost host, DnsAnswer<InetAddress> addresses, DaneLookup dane, TlsDemand demand) {
}
