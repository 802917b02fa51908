package jamestls.mtasts.delivery;

import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.TlsDemand;
import java.net.InetAddress;

/** One way to a domain: a host, one of its addresses, and what a session there must have. */
record Route(MxHost host, InetAddress address, TlsDemand demand) {
}
