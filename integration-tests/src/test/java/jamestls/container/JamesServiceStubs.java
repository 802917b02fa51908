package jamestls.container;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.james.core.Domain;
import org.apache.james.core.MailAddress;
import org.apache.james.dnsservice.api.DNSService;
import org.apache.james.domainlist.api.DomainList;
import org.apache.james.mailetcontainer.api.LocalResources;
import org.apache.james.mailrepository.api.MailRepository;
import org.apache.james.mailrepository.api.MailRepositoryPath;
import org.apache.james.mailrepository.api.MailRepositoryStore;
import org.apache.james.mailrepository.api.MailRepositoryUrl;
import org.apache.james.mailrepository.api.Protocol;
import org.apache.james.mailrepository.memory.MemoryMailRepository;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/** The rest of a James server, as far as a mailet container looks at it while mail is relayed. */
final class JamesServiceStubs {

    private JamesServiceStubs() {
    }

    /** Knows nothing; the mailets under test have dnsServers of their own. */
    static final class NoDns implements DNSService {

        @Override
        public Collection<String> findMXRecords(String hostname) {
            return List.of();
        }

        @Override
        public Collection<String> findTXTRecords(String hostname) {
            return List.of();
        }

        @Override
        public Collection<InetAddress> getAllByName(String host) throws UnknownHostException {
            throw new UnknownHostException(host);
        }

        @Override
        public InetAddress getByName(String host) throws UnknownHostException {
            throw new UnknownHostException(host);
        }

        @Override
        public InetAddress getLocalHost() {
            return InetAddress.getLoopbackAddress();
        }

        @Override
        public String getHostName(InetAddress address) {
            return address.getHostAddress();
        }
    }

    /** sender.example, and nothing else. */
    static final class OneDomain implements DomainList {

        private static final Domain OURS = Domain.of("sender.example");

        @Override
        public List<Domain> getDomains() {
            return List.of(OURS);
        }

        @Override
        public boolean containsDomain(Domain domain) {
            return OURS.equals(domain);
        }

        @Override
        public Publisher<Boolean> containsDomainReactive(Domain domain) {
            return Mono.just(containsDomain(domain));
        }

        @Override
        public void addDomain(Domain domain) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void removeDomain(Domain domain) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Domain getDefaultDomain() {
            return OURS;
        }
    }

    /** Nobody is at home. */
    static final class NoUsers implements LocalResources {

        @Override
        public boolean isLocalServer(Domain domain) {
            return OneDomain.OURS.equals(domain);
        }

        @Override
        public boolean isLocalUser(String name) {
            return false;
        }

        @Override
        public boolean isLocalEmail(MailAddress address) {
            return false;
        }

        @Override
        public Collection<MailAddress> localEmails(Collection<MailAddress> addresses) {
            return List.of();
        }
    }

    /** One repository under all names: only mails that went wrong come here. */
    static final class ErrorRepository implements MailRepositoryStore {

        private final MailRepository errors = new MemoryMailRepository();

        MailRepository errors() {
            return errors;
        }

        @Override
        public MailRepository select(MailRepositoryUrl url) {
            return errors;
        }

        @Override
        public Optional<Protocol> defaultProtocol() {
            return Optional.empty();
        }

        @Override
        public Optional<MailRepository> get(MailRepositoryUrl url) {
            return Optional.of(errors);
        }

        @Override
        public Stream<MailRepository> getByPath(MailRepositoryPath path) {
            return Stream.of(errors);
        }

        @Override
        public Stream<MailRepositoryUrl> getUrls() {
            return Stream.empty();
        }
    }
}
