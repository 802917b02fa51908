package jamestls.tlsrpt.inbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.tlsrpt.inbox.ReceivedReport.Element;
import jamestls.tlsrpt.inbox.ReceivedReport.Failure;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/** The policies and failures of a report as one column of the store: compressed JSON, arrays in the order of the records' components. */
final class StoredElements {

    private static final ObjectMapper JSON = new ObjectMapper();

    private StoredElements() {
    }

    static byte[] encode(List<Element> elements) {
        ArrayNode all = JSON.createArrayNode();
        for (Element element : elements) {
            ArrayNode one = all.addArray().add(element.domain().ascii()).add(element.policyDomain().ascii()).add(element.type().wireName())
                .add(element.successes()).add(element.failures());
            ArrayNode details = one.addArray();
            for (Failure failure : element.details()) {
                details.addArray().add(failure.type()).add(failure.mxHost()).add(failure.receivingIp()).add(failure.sendingIp())
                    .add(failure.reason()).add(failure.sessions());
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new DeflaterOutputStream(bytes)) {
            JSON.writeValue(out, all);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return bytes.toByteArray();
    }

    /** @throws UncheckedIOException if the octets were not written by {@link #encode} */
    static List<Element> decode(byte[] stored) {
        try (InflaterInputStream in = new InflaterInputStream(new ByteArrayInputStream(stored))) {
            List<Element> elements = new ArrayList<>();
            for (JsonNode one : JSON.readTree(in)) {
                List<Failure> details = new ArrayList<>();
                for (JsonNode each : one.get(5)) {
                    details.add(new Failure(each.get(0).textValue(), each.get(1).textValue(), each.get(2).textValue(),
                        each.get(3).textValue(), each.get(4).textValue(), each.get(5).longValue()));
                }
                elements.add(new Element(new DomainName(one.get(0).textValue()), new DomainName(one.get(1).textValue()),
                    type(one.get(2).textValue()), one.get(3).longValue(), one.get(4).longValue(), details));
            }
            return elements;
        } catch (IOException e) {
            throw new UncheckedIOException("a stored report is damaged", e);
        }
    }

    private static PolicyType type(String name) throws IOException {
        for (PolicyType type : PolicyType.values()) {
            if (type.wireName().equals(name)) {
                return type;
            }
        }
        throw new IOException("policy type " + name);
    }
}
