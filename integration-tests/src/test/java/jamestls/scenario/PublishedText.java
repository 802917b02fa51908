package jamestls.scenario;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.List;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;

/** Asks a DNS server for TXT records, as the receiver of a signed mail does. */
final class PublishedText {

    private PublishedText() {
    }

    static List<String> at(InetSocketAddress server, String name) {
        try {
            SimpleResolver resolver = new SimpleResolver(server);
            Message answer = resolver.send(Message.newQuery(Record.newRecord(Name.fromString(name, Name.root), Type.TXT, DClass.IN)));
            return answer.getSection(Section.ANSWER).stream()
                .filter(TXTRecord.class::isInstance)
                .map(record -> String.join("", ((TXTRecord) record).getStrings()))
                .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
