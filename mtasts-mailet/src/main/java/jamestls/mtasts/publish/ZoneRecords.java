package jamestls.mtasts.publish;

import jamestls.dns.DomainName;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Writes records as lines of a zone file (RFC 1035 §5.1), with absolute names. */
public final class ZoneRecords {

    /** In seconds: short, because a policy and its record change together, and so that a TLSA record is soon replaced. */
    private static final int TTL = 3_600;
    /** A character-string has at most 255 octets (RFC 1035 §3.3). */
    private static final int MAX_STRING = 255;

    private ZoneRecords() {
    }

    /** A TXT record, in as many strings as its length needs. Readers join them without blanks. */
    public static String txt(DomainName owner, String text) {
        byte[] octets = text.getBytes(StandardCharsets.UTF_8);
        List<String> strings = new ArrayList<>();
        for (int start = 0; start == 0 || start < octets.length; start += MAX_STRING) {
            StringBuilder string = new StringBuilder("\"");
            for (int i = start; i < Math.min(octets.length, start + MAX_STRING); i++) {
                int octet = octets[i] & 0xff;
                if (octet < 0x20 || octet > 0x7e) {
                    string.append(String.format("\\%03d", octet));
                } else {
                    string.append(octet == '"' || octet == '\\' ? "\\" : "").append((char) octet);
                }
            }
            strings.add(string.append('"').toString());
        }
        return line(owner, "TXT", strings.size() == 1 ? strings.getFirst() : "( " + String.join(" ", strings) + " )");
    }

    /** An A or AAAA record. */
    public static String address(DomainName owner, InetAddress address) {
        return line(owner, address instanceof Inet4Address ? "A" : "AAAA", address.getHostAddress());
    }

    /**
     * A TLSA record for the SMTP server at a host.
     *
     * @param data usage, selector, matching type and hexadecimal data, separated by single blanks
     */
    public static String tlsa(DomainName host, int port, String data) {
        return line(new DomainName("_" + port + "._tcp." + host), "TLSA", data);
    }

    private static String line(DomainName owner, String type, String data) {
        return owner + ". " + TTL + " IN " + type + " " + data;
    }
}
