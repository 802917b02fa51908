package jamestls.web;

import jakarta.inject.Inject;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.james.domainlist.api.DomainList;
import org.apache.james.domainlist.api.DomainListException;

/**
 * Refuses requests that a web page of another site makes in an operator's browser. James's own CORS filter does not: it allows every
 * origin unless {@code cors.origin} names one, and a POST without a body needs no preflight even then (Fetch standard, "simple requests").
 *
 * <p>Three headers are looked at, which browsers set and pages cannot: {@code Sec-Fetch-Site}, {@code Origin} and {@code Host}. The last
 * one tells of DNS rebinding, where a page of {@code attacker.example} reaches 127.0.0.1 under its own name: such a name has a dot. So
 * addresses, names without a dot ({@code localhost}, a container's name), James's default domain and names below it are allowed.
 */
public final class CrossSiteCheck {

    private static final Pattern ADDRESS = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9A-Fa-f:.]+\\]");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*");
    private static final Pattern PORT = Pattern.compile(":[0-9]{0,5}$");

    private final DomainList domains;

    @Inject
    public CrossSiteCheck(DomainList domains) {
        this.domains = domains;
    }

    /**
     * Why a request that changes something is refused.
     *
     * @param host the field Host, null if there is none
     * @param origin the field Origin, null if there is none, as in requests of programs that are no browsers
     * @param fetchSite the field Sec-Fetch-Site, likewise
     * @return one sentence; empty if the request is allowed
     */
    public Optional<String> objection(String host, String origin, String fetchSite) {
        if (fetchSite != null && !fetchSite.equals("same-origin") && !fetchSite.equals("none")) {
            return Optional.of("A web page of another site made this request (Sec-Fetch-Site).");
        }
        Optional<String> wrongHost = objection(host);
        if (wrongHost.isPresent()) {
            return wrongHost;
        }
        if (origin != null && !origin.toLowerCase(Locale.ROOT).matches("https?://" + Pattern.quote(host.toLowerCase(Locale.ROOT)))) {
            return Optional.of("A web page of another site made this request (Origin).");
        }
        return Optional.empty();
    }

    /**
     * Why a request that only reads is refused: its Host names another server.
     *
     * @param host the field Host, null if there is none
     * @return one sentence; empty if the request is allowed
     */
    public Optional<String> objection(String host) {
        return host != null && isOwn(PORT.matcher(host).replaceFirst("")) ? Optional.empty()
            : Optional.of("Host does not name this server: use its address, localhost, or a name in James's default domain.");
    }

    private boolean isOwn(String name) {
        if (ADDRESS.matcher(name).matches()) {
            return true;
        }
        if (!NAME.matcher(name).matches()) {
            return false;
        }
        return !name.contains(".") || isInDefaultDomain(name.toLowerCase(Locale.ROOT));
    }

    private boolean isInDefaultDomain(String name) {
        try {
            String domain = domains.getDefaultDomain().asString();
            return domain.contains(".") && ("." + name).endsWith("." + domain);
        } catch (DomainListException e) {
            return false;
        }
    }
}
