package jamestls.tlsrpt;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.james.core.MailAddress;
import org.apache.james.dnsservice.api.DNSService;
import org.apache.james.dnsservice.api.DNSServiceMBean;
import org.apache.james.filesystem.api.FileSystem;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Mail;
import org.apache.mailet.MailetConfig;
import org.apache.mailet.MailetContext;

/** The parts of a James server that the mailet uses; records the mails that are sent. */
final class FakeJames implements AutoCloseable {

    /** A sent mail and its state. */
    record SentMail(MailImpl mail, String state) {
    }

    private final List<SentMail> sent = new CopyOnWriteArrayList<>();
    private volatile boolean isUp;

    /** Until then it has no queue, and no postmaster, as James while it starts. */
    void finishStart() {
        isUp = true;
    }

    List<SentMail> sent() {
        return List.copyOf(sent);
    }

    List<SentMail> sentTo(String state) {
        return sent.stream().filter(mail -> mail.state().equals(state)).toList();
    }

    @Override
    public void close() {
        sent.forEach(mail -> LifecycleUtil.dispose(mail.mail()));
    }

    MailetContext context() {
        return proxy(this::call, MailetContext.class);
    }

    MailetConfig config(Map<String, String> parameters) {
        MailetContext context = context();
        return new MailetConfig() {
            @Override
            public String getInitParameter(String name) {
                return parameters.get(name);
            }

            @Override
            public Iterator<String> getInitParameterNames() {
                return parameters.keySet().iterator();
            }

            @Override
            public MailetContext getMailetContext() {
                return context;
            }

            @Override
            public String getMailetName() {
                return "TlsReporting";
            }
        };
    }

    /** @param servers the DNS servers configured in James */
    static DNSService dns(String... servers) {
        return proxy((method, arguments) -> {
            if (method.getName().equals("getDNSServers")) {
                return servers;
            }
            throw new AssertionError("lookups by James are not expected: " + method);
        }, DNSService.class, DNSServiceMBean.class);
    }

    /** James's file system below a directory. */
    FileSystem files(Path directory) {
        return proxy((method, arguments) -> {
            if (method.getName().equals("getFile")) {
                return directory.resolve(((String) arguments[0]).substring("file://".length())).toFile();
            }
            throw new AssertionError("not expected: " + method);
        }, FileSystem.class);
    }

    private Object call(Method method, Object[] arguments) throws Exception {
        if (method.getName().equals("getPostmaster")) {
            return isUp ? new MailAddress("postmaster@sender.example") : null;
        }
        if (!method.getName().equals("sendMail")) {
            throw new AssertionError("not expected: " + method);
        }
        Mail mail = (Mail) arguments[0];
        // a copy, because the sender disposes of its own
        sent.add(new SentMail(MailImpl.duplicate(mail), arguments.length > 1 ? (String) arguments[1] : Mail.DEFAULT));
        return null;
    }

    private interface Call {
        Object on(Method method, Object[] arguments) throws Exception;
    }

    @SuppressWarnings("unchecked")
    private static <T> T proxy(Call call, Class<?>... types) {
        return (T) Proxy.newProxyInstance(FakeJames.class.getClassLoader(), types, (self, method, arguments) -> switch (method.getName()) {
            case "hashCode" -> System.identityHashCode(self);
            case "equals" -> self == arguments[0];
            case "toString" -> types[0].getSimpleName();
            default -> call.on(method, arguments);
        });
    }
}
