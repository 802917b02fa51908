package jamestls.james;

import jakarta.mail.Message.RecipientType;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A mail client of one user: STARTTLS, AUTH, and the mail, on James's submission port. */
public final class Submission {

    private static final Pattern SECRET = Pattern.compile("<secret>([^<]+)</secret>");

    private final JamesProcess james;
    private final Account account;
    private final Session session;

    public Submission(JamesProcess james, Account account) {
        this.james = james;
        this.account = account;
        Properties properties = new Properties();
        properties.put("mail.smtp.starttls.enable", "true");
        properties.put("mail.smtp.starttls.required", "true");
        properties.put("mail.smtp.auth", "true");
        properties.put("mail.smtp.auth.mechanisms", "PLAIN");
        properties.put("mail.smtp.localhost", "client.sender.example");
        // James has a certificate of its own making, for the name "james": exactly that one is trusted, whatever its name
        properties.put("mail.smtp.ssl.checkserveridentity", "false");
        properties.put("mail.smtp.ssl.socketFactory", trusting(james).getSocketFactory());
        properties.put("mail.smtp.connectiontimeout", "20000");
        properties.put("mail.smtp.timeout", "20000");
        this.session = Session.getInstance(properties);
    }

    /** Sends a mail; when this returns, James has taken it. */
    public void send(String recipient, String subject, String text) {
        send(recipient, subject, text, Map.of());
    }

    /** Sends a mail with these header fields, too. */
    public void send(String recipient, String subject, String text, Map<String, String> fields) {
        try (Transport transport = session.getTransport("smtp")) {
            MimeMessage message = new MimeMessage(session);
            message.setFrom(account.address());
            message.setRecipients(RecipientType.TO, recipient);
            message.setSubject(subject, StandardCharsets.UTF_8.name());
            message.setText(text, StandardCharsets.UTF_8.name());
            for (Map.Entry<String, String> field : fields.entrySet()) {
                message.setHeader(field.getKey(), field.getValue());
            }
            message.saveChanges();
            transport.connect("127.0.0.1", james.ports().submission(), account.address(), account.password());
            transport.sendMessage(message, InternetAddress.parse(recipient));
        } catch (MessagingException e) {
            throw new IllegalStateException("James does not take the mail to " + recipient + ": " + e.getMessage(), e);
        }
    }

    /** As smtpserver.xml has it first. */
    private static String secret(JamesProcess james) throws IOException {
        Matcher secret = SECRET.matcher(Files.readString(james.directory().resolve("conf/smtpserver.xml")));
        if (!secret.find()) {
            throw new IllegalStateException("smtpserver.xml has no <secret>");
        }
        return secret.group(1);
    }

    private static SSLContext trusting(JamesProcess james) {
        try (InputStream file = Files.newInputStream(james.directory().resolve("conf/keystore"))) {
            KeyStore own = KeyStore.getInstance("PKCS12");
            own.load(file, secret(james).toCharArray());
            KeyStore anchors = KeyStore.getInstance("PKCS12");
            anchors.load(null, null);
            anchors.setCertificateEntry("james", own.getCertificate(own.aliases().nextElement()));
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(anchors);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
