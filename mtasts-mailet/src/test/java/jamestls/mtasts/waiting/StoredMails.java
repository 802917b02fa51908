package jamestls.mtasts.waiting;

import com.fasterxml.jackson.databind.JsonNode;
import jakarta.mail.MessagingException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.james.core.MailAddress;
import org.apache.james.core.MaybeSender;
import org.apache.james.mailrepository.api.MailKey;
import org.apache.james.mailrepository.api.MailRepository;
import org.apache.james.server.core.MailImpl;
import org.apache.james.server.core.MimeMessageInputStreamSource;
import org.apache.james.server.core.MimeMessageWrapper;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;
import org.apache.mailet.PerRecipientHeaders;

/**
 * A mail repository that keeps of a mail what James's on Cassandra and PostgreSQL keep: bytes, addresses, headers for recipients, and
 * attributes that have JSON. Several servers of a test may share it. Steps can be made to fail by a {@code FaultInjector}.
 */
public final class StoredMails implements MailRepository {

    private record Stored(byte[] message, MaybeSender sender, List<MailAddress> recipients, String state, String error,
                          Map<String, String> attributes, PerRecipientHeaders headers) {
    }

    private final Map<MailKey, Stored> mails = new ConcurrentHashMap<>();
    /** How often it was listed. */
    public final AtomicInteger listed = new AtomicInteger();

    @Override
    public MailKey store(Mail mail) throws MessagingException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        try {
            mail.getMessage().writeTo(message);
        } catch (IOException e) {
            throw new MessagingException("can't be read", e);
        }
        Map<String, String> attributes = new HashMap<>();
        mail.attributes().forEach(attribute -> attribute.getValue().toJson().map(JsonNode::toString)
            .ifPresent(json -> attributes.put(attribute.getName().asString(), json)));
        PerRecipientHeaders headers = new PerRecipientHeaders();
        headers.addAll(mail.getPerRecipientSpecificHeaders());
        mails.put(MailKey.forMail(mail), new Stored(message.toByteArray(), mail.getMaybeSender(), List.copyOf(mail.getRecipients()),
            mail.getState(), mail.getErrorMessage(), attributes, headers));
        return MailKey.forMail(mail);
    }

    @Override
    public Mail retrieve(MailKey key) throws MessagingException {
        Stored stored = mails.get(key);
        if (stored == null) {
            return null;
        }
        List<Attribute> attributes = new ArrayList<>();
        for (Map.Entry<String, String> each : stored.attributes().entrySet()) {
            try {
                attributes.add(new Attribute(AttributeName.of(each.getKey()), AttributeValue.fromJsonString(each.getValue())));
            } catch (IOException e) {
                throw new MessagingException("can't be read", e);
            }
        }
        return MailImpl.builder().name(key.asString()).sender(stored.sender()).addRecipients(stored.recipients()).state(stored.state())
            .errorMessage(stored.error()).addAttributes(attributes).addAllHeadersForRecipients(stored.headers())
            .mimeMessage(new MimeMessageWrapper(MimeMessageInputStreamSource.create(key.asString(),
                new ByteArrayInputStream(stored.message())))).build();
    }

    @Override
    public void remove(MailKey key) {
        mails.remove(key);
    }

    @Override
    public long size() {
        return mails.size();
    }

    @Override
    public Iterator<MailKey> list() {
        listed.incrementAndGet();
        return mails.keySet().iterator();
    }

    @Override
    public void removeAll() {
        mails.clear();
    }
}
