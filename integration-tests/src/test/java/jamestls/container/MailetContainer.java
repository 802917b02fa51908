package jamestls.container;

import com.google.inject.AbstractModule;
import com.google.inject.Guice;
import com.google.inject.TypeLiteral;
import jakarta.mail.MessagingException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.configuration2.XMLConfiguration;
import org.apache.commons.configuration2.ex.ConfigurationException;
import org.apache.james.dnsservice.api.DNSService;
import org.apache.james.domainlist.api.DomainList;
import org.apache.james.filesystem.api.FileSystem;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.mailetcontainer.impl.CompositeProcessorImpl;
import org.apache.james.mailetcontainer.impl.JamesMailSpooler;
import org.apache.james.mailetcontainer.impl.JamesMailetContext;
import org.apache.james.mailetcontainer.lib.AbstractStateMailetProcessor;
import org.apache.james.mailrepository.api.MailRepositoryStore;
import org.apache.james.mailrepository.api.MailRepositoryUrl;
import org.apache.james.metrics.api.GaugeRegistry;
import org.apache.james.metrics.api.MetricFactory;
import org.apache.james.metrics.api.NoopGaugeRegistry;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.apache.james.queue.api.MailQueueFactory;
import org.apache.james.server.core.configuration.Configuration;
import org.apache.james.server.core.configuration.FileConfigurationProvider;
import org.apache.james.server.core.filesystem.FileSystemImpl;
import org.apache.james.utils.ExtendedClassLoader;
import org.apache.james.utils.ExtensionConfiguration;
import org.apache.james.utils.GuiceGenericLoader;
import org.apache.james.utils.GuiceMailetLoader;
import org.apache.james.utils.GuiceMatcherLoader;
import org.apache.mailet.Mail;
import org.apache.mailet.Mailet;
import org.apache.mailet.MailetContext;

/**
 * The real mailet container of James 3.9.0: its spooler, processors, extension class loader and Guice loaders, on a
 * server directory. Of the shipped mailetcontainer.xml it has what Maven Central has the classes for:
 * TlsReportInbox, TlsReporting, relay and tlsreport.
 */
final class MailetContainer implements AutoCloseable {

    private static final MailRepositoryUrl ERRORS = MailRepositoryUrl.from("memory://var/mail/error/");

    private final MailetContext context;
    private final CompositeProcessorImpl processors;
    private final JamesMailSpooler spooler;
    private final JamesServiceStubs.ErrorRepository repositories;

    private MailetContainer(MailetContext context, CompositeProcessorImpl processors, JamesMailSpooler spooler,
                            JamesServiceStubs.ErrorRepository repositories) {
        this.context = context;
        this.processors = processors;
        this.spooler = spooler;
        this.repositories = repositories;
    }

    static MailetContainer start(Path directory) throws Exception {
        FileSystem files = new FileSystemImpl(Configuration.builder().workingDirectory(directory.toFile()).build().directories());
        MetricFactory metrics = new RecordingMetricFactory();
        MemoryQueues queues = new MemoryQueues();
        XMLConfiguration shipped = FileConfigurationProvider.getConfig(files.getResource("file://conf/mailetcontainer.xml"));
        JamesMailetContext context = new JamesMailetContext(new JamesServiceStubs.NoDns(), new JamesServiceStubs.OneDomain(),
            new JamesServiceStubs.NoUsers(), queues);
        context.configure(shipped.configurationAt("context"));

        JamesServiceStubs.ErrorRepository repositories = new JamesServiceStubs.ErrorRepository();
        var injector = Guice.createInjector(new AbstractModule() {
            @Override
            protected void configure() {
                bind(FileSystem.class).toInstance(files);
                bind(MetricFactory.class).toInstance(metrics);
                bind(DNSService.class).to(JamesServiceStubs.NoDns.class);
                bind(DomainList.class).toInstance(new JamesServiceStubs.OneDomain());
                bind(GaugeRegistry.class).toInstance(new NoopGaugeRegistry());
                bind(Clock.class).toInstance(Clock.systemUTC());
                bind(MailetContext.class).toInstance(context);
                bind(MailRepositoryStore.class).toInstance(repositories);
                bind(new TypeLiteral<MailQueueFactory<?>>() { }).toInstance(queues);
            }
        });
        GuiceGenericLoader loader = new GuiceGenericLoader(injector, new ExtendedClassLoader(files), ExtensionConfiguration.DEFAULT);
        CompositeProcessorImpl processors = new CompositeProcessorImpl(metrics, context, new GuiceMatcherLoader(loader),
            new GuiceMailetLoader(loader, Set.of()));
        processors.configure(processors(directory.resolve("conf/mailetcontainer.xml")));
        processors.init();

        JamesMailSpooler spooler = new JamesMailSpooler(metrics, new NoopGaugeRegistry(), processors,
            repositories, queues);
        spooler.configure(new JamesMailSpooler.Configuration(4, ERRORS));
        spooler.init();
        return new MailetContainer(context, processors, spooler, repositories);
    }

    /** Spools a mail, as the SMTP server does. */
    void accept(Mail mail) throws MessagingException {
        context.sendMail(mail);
        LifecycleUtil.dispose(mail);
    }

    /** The mailets of a processor, in order. */
    List<Mailet> mailets(String processor) {
        return processors.getProcessor(processor) instanceof AbstractStateMailetProcessor state ? state.getMailets() : List.of();
    }

    /** How many mails went wrong. */
    long errors() throws MessagingException {
        return repositories.errors().size();
    }

    @Override
    public void close() {
        spooler.dispose();
        processors.dispose();
    }

    private static XMLConfiguration processors(Path shipped) throws IOException, ConfigurationException {
        String text = Files.readString(shipped);
        String xml = "<processors><processor state=\"root\">"
            + part(text, "<mailet [^>]*class=\"jamestls.tlsrpt.TlsReportInbox\">.*?</mailet>")
            + part(text, "<mailet [^>]*class=\"jamestls.tlsrpt.TlsReporting\">.*?</mailet>")
            + "<mailet match=\"All\" class=\"ToProcessor\"><processor>relay</processor></mailet></processor>"
            + part(text, "<processor state=\"relay\".*?</processor>\\s*(?=<)")
            + part(text, "<processor state=\"tlsreport\".*?</processor>\\s*</mailet>\\s*</processor>")
            + "<processor state=\"bounces\"><mailet match=\"All\" class=\"Null\"/></processor>"
            + "<processor state=\"delays\"><mailet match=\"All\" class=\"Null\"/></processor>"
            + "<processor state=\"error\"><mailet match=\"All\" class=\"Null\"/></processor>"
            + "</processors>";
        return FileConfigurationProvider.getConfig(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
    }

    private static String part(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern, Pattern.DOTALL).matcher(text);
        if (!matcher.find()) {
            throw new IllegalStateException("the shipped mailetcontainer.xml has no " + pattern);
        }
        return matcher.group();
    }
}
