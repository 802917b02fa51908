package jamestls.tlsrpt.report;

import jamestls.dns.IpLiteral;
import java.net.Inet6Address;
import java.net.InetAddress;

/** Formats IP addresses: IPv4 as dotted quad, IPv6 in canonical form (RFC 5952 §4), without scope. */
public final class IpText {

    private static final int GROUPS = 8;
    private static final String MAPPED = "::ffff:";

    private IpText() {
    }

    /** The canonical text of an address. */
    public static String of(InetAddress address) {
        return address instanceof Inet6Address ? compressed(groups(address.getAddress())) : address.getHostAddress();
    }

    /** Whether a text is an address in canonical form. */
    public static boolean isCanonical(String text) {
        // RFC 5952 §5: an IPv4-mapped address may have its last four octets as a dotted quad
        String quad = text.startsWith(MAPPED) ? text.substring(MAPPED.length()) : text;
        return IpLiteral.parse(text).filter(address -> of(address).equals(quad)).isPresent();
    }

    private static int[] groups(byte[] octets) {
        int[] groups = new int[GROUPS];
        for (int i = 0; i < GROUPS; i++) {
            groups[i] = (octets[2 * i] & 0xff) << 8 | octets[2 * i + 1] & 0xff;
        }
        return groups;
    }

    private static String compressed(int[] groups) {
        int start = -1;
        // RFC 5952 §4.2.2: a single zero group is not shortened; §4.2.3: the first of the longest runs is
        int length = 1;
        for (int i = 0; i < GROUPS; i++) {
            int run = zerosFrom(groups, i);
            if (run > length) {
                start = i;
                length = run;
            }
        }
        return start < 0 ? joined(groups, 0, GROUPS) : joined(groups, 0, start) + "::" + joined(groups, start + length, GROUPS);
    }

    private static int zerosFrom(int[] groups, int from) {
        int end = from;
        while (end < GROUPS && groups[end] == 0) {
            end++;
        }
        return end - from;
    }

    private static String joined(int[] groups, int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < to; i++) {
            text.append(i == from ? "" : ":").append(Integer.toHexString(groups[i]));
        }
        return text.toString();
    }
}
