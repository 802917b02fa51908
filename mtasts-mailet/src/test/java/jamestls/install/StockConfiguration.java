package jamestls.install;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Configurations as James's servers come with them: as their zips have it, and as their images do. Written here with the traits of
 * those; the released ones are taken, too, where {@code ../shared/james-3.9.0-conf} is.
 */
public final class StockConfiguration {

    private static final String RELEASED = "james-3.9.0-conf";

    private StockConfiguration() {
    }

    /** The four servers, with what differs between them. */
    public enum Server {
        MEMORY("memory", true), JPA("file", false), POSTGRES("postgres", true), DISTRIBUTED("cassandra", true);

        private final String scheme;
        private final boolean jmap;

        Server(String scheme, boolean jmap) {
            this.scheme = scheme;
            this.jmap = jmap;
        }
    }

    /** Where a configuration comes from. */
    public enum Form { STOCK, IMAGE, RELEASED_STOCK, RELEASED_IMAGE }

    /** All that can be had here. */
    public static List<Form> forms() {
        return released().isPresent() ? List.of(Form.values()) : List.of(Form.STOCK, Form.IMAGE);
    }

    /** Writes one into an empty directory. */
    public static void write(Server server, Form form, Path conf) throws IOException {
        Files.createDirectories(conf);
        switch (form) {
            case STOCK -> own(server, "localhost", conf);
            case IMAGE -> own(server, "0.0.0.0", conf);
            case RELEASED_STOCK, RELEASED_IMAGE -> {
                Path app = released().orElseThrow().resolve(server.name().toLowerCase(Locale.ROOT) + "-app");
                copy(app.resolve("sample-configuration"), conf);
                if (form == Form.RELEASED_IMAGE) {
                    copy(app.resolve("docker-configuration"), conf);
                }
            }
        }
    }

    private static Optional<Path> released() {
        Path here = Path.of("").toAbsolutePath();
        return Stream.of("../shared", "../../shared", "../../../shared").map(each -> here.resolve(each).resolve(RELEASED))
            .filter(Files::isDirectory).findFirst();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(from)) {
            for (Path file : files) {
                Files.deleteIfExists(to.resolve(file.getFileName()));
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private static void own(Server server, String webadmin, Path conf) throws IOException {
        Files.writeString(conf.resolve("mailetcontainer.xml"), mailetContainer(server));
        Files.writeString(conf.resolve("logback.xml"), LOGBACK);
        Files.writeString(conf.resolve("healthcheck.properties"), "# healthcheck.period=60s\n# additional.healthchecks=\n");
        Files.writeString(conf.resolve("webadmin.properties"),
            "enabled=true\nport=8000\nhost=" + webadmin + "\n\n# Defaults to false\n#cors.enable=true\n#extensions.routes=");
        Files.writeString(conf.resolve("smtpserver.xml"), SMTP);
        Files.writeString(conf.resolve("imapserver.xml"), IMAP);
        Files.writeString(conf.resolve("domainlist.xml"), "<?xml version=\"1.0\"?>\n<domainlist>\n    <autodetect>false</autodetect>\n"
            + "    <autodetectIP>false</autodetectIP>\n    <defaultDomain>localhost</defaultDomain>\n</domainlist>\n");
        Files.writeString(conf.resolve("dnsservice.xml"),
            "<?xml version=\"1.0\"?>\n<dnsservice>\n    <autodiscover>true</autodiscover>\n</dnsservice>\n");
        if (server.jmap) {
            Files.writeString(conf.resolve("jmap.properties"), "enabled=true\n\n"
                + "tls.keystoreURL=file://conf/keystore\ntls.secret=james72laBalle\n");
        }
        if (server == Server.DISTRIBUTED) {
            Files.writeString(conf.resolve("queue.properties"), "mail.queue.choice=RABBITMQ");
            Files.writeString(conf.resolve("rabbitmq.properties"), "uri=amqp://rabbitmq:5672\n");
        }
    }

    private static String mailetContainer(Server server) {
        String text = MAILETCONTAINER.replace("SCHEME", server.scheme);
        if (!server.jmap) {
            text = Arrays.stream(text.split("\n", -1)).filter(line -> !line.contains("SentByJmap"))
                .collect(Collectors.joining("\n"));
        }
        String local = "            <mailet match=\"RecipientIsLocal\" class=\"ToProcessor\">\n"
            + "                <processor>local-delivery</processor>\n            </mailet>\n";
        return switch (server) {
            case MEMORY, DISTRIBUTED -> text.replace("            LOCAL\n", local).replace("        LOCAL-DELIVERY\n", LOCAL_DELIVERY);
            case POSTGRES, JPA -> text.replace("            LOCAL\n", (server.jmap ? """
                            <mailet match="RecipientIsLocal" class="VacationMailet">
                                <onMailetException>ignore</onMailetException>
                            </mailet>
                            <mailet match="RecipientIsLocal" class="org.apache.james.jmap.mailet.filter.JMAPFiltering">
                                <onMailetException>ignore</onMailetException>
                            </mailet>
                """ : "") + """
                            <mailet match="RecipientIsLocal" class="Sieve"/>
                            <mailet match="RecipientIsLocal" class="AddDeliveredToHeader"/>
                            <mailet match="RecipientIsLocal" class="LocalDelivery"/>
                """).replace("        LOCAL-DELIVERY\n", "");
        };
    }

    private static final String LOCAL_DELIVERY = """
                <processor state="local-delivery" enableJmx="true">
                    <mailet match="All" class="VacationMailet">
                        <onMailetException>ignore</onMailetException>
                    </mailet>
                    <mailet match="All" class="Sieve">
                        <onMailetException>ignore</onMailetException>
                    </mailet>
                    <mailet match="All" class="AddDeliveredToHeader"/>
                    <mailet match="All" class="org.apache.james.jmap.mailet.filter.JMAPFiltering">
                        <onMailetException>ignore</onMailetException>
                    </mailet>
                    <mailet match="All" class="LocalDelivery"/>
                </processor>
        """;

    private static final String MAILETCONTAINER = """
        <?xml version="1.0"?>

        <!-- a comment about <mailet class="RemoteDelivery"/> that is none -->

        <mailetcontainer enableJmx="true">

            <context>
                <postmaster>postmaster</postmaster>
            </context>

            <spooler>
                <threads>20</threads>
                <errorRepository>SCHEME://var/mail/error/</errorRepository>
            </spooler>

            <processors>
                <processor state="root" enableJmx="true">
                    <mailet match="All" class="PostmasterAlias"/>
                    <mailet match="All" class="ToProcessor">
                        <processor>transport</processor>
                    </mailet>
                </processor>

                <processor state="error" enableJmx="true">
                    <matcher name="not-reprocessed" match="org.apache.james.mailetcontainer.impl.matchers.Not">
                        <matcher match="HasMailAttribute=mailRepository-reprocessing"/>
                    </matcher>
                    <mailet match="not-reprocessed" class="Bounce">
                        <onMailetException>ignore</onMailetException>
                    </mailet>
                    <mailet match="All" class="ToRepository">
                        <repositoryPath>SCHEME://var/mail/error/</repositoryPath>
                        <onMailetException>propagate</onMailetException>
                    </mailet>
                </processor>

                <processor state="transport" enableJmx="true">
                    <matcher name="relay-allowed" match="org.apache.james.mailetcontainer.impl.matchers.Or">
                        <matcher match="SMTPAuthSuccessful"/>
                        <matcher match="SMTPIsAuthNetwork"/>
                        <matcher match="SentByMailet"/>
                        <matcher match="org.apache.james.jmap.mailet.SentByJmap"/>
                    </matcher>

                    <mailet match="All" class="RemoveMimeHeader">
                        <name>bcc</name>
                        <onMailetException>ignore</onMailetException>
                    </mailet>
                    <mailet match="All" class="RecipientRewriteTable">
                        <errorProcessor>rrt-error</errorProcessor>
                    </mailet>
                    LOCAL
                    <mailet match="HostIsLocal" class="ToProcessor">
                        <processor>local-address-error</processor>
                        <notice>550 - Requested action not taken: no such user here</notice>
                    </mailet>
                    <mailet match="relay-allowed" class="ToProcessor">
                        <processor>relay</processor>
                    </mailet>
                    <mailet match="All" class="ToProcessor">
                        <processor>relay-denied</processor>
                    </mailet>
                </processor>

                LOCAL-DELIVERY
                <processor state="relay" enableJmx="true">
                    <mailet match="All" class="RemoteDelivery">
                        <outgoingQueue>outgoing</outgoingQueue>
                        <delayTime>5000, 100000, 500000</delayTime>
                        <maxRetries>3</maxRetries>
                        <maxDnsProblemRetries>0</maxDnsProblemRetries>
                        <deliveryThreads>10</deliveryThreads>
                        <sendpartial>true</sendpartial>
                        <bounceProcessor>bounces</bounceProcessor>
                    </mailet>
                </processor>

                <processor state="local-address-error" enableJmx="true">
                    <mailet match="All" class="Bounce">
                        <attachment>none</attachment>
                    </mailet>
                    <mailet match="All" class="ToRepository">
                        <repositoryPath>SCHEME://var/mail/address-error/</repositoryPath>
                    </mailet>
                </processor>

                <processor state="relay-denied" enableJmx="true">
                    <mailet match="All" class="Bounce">
                        <attachment>none</attachment>
                    </mailet>
                    <mailet match="All" class="ToRepository">
                        <repositoryPath>SCHEME://var/mail/relay-denied/</repositoryPath>
                    </mailet>
                </processor>

                <processor state="bounces" enableJmx="true">
                    <mailet match="All" class="DSNBounce">
                        <passThrough>false</passThrough>
                    </mailet>
                </processor>

                <processor state="rrt-error" enableJmx="false">
                    <mailet match="All" class="ToRepository">
                        <repositoryPath>SCHEME://var/mail/rrt-error/</repositoryPath>
                        <passThrough>true</passThrough>
                    </mailet>
                    <mailet match="IsSenderInRRTLoop" class="Null"/>
                    <mailet match="All" class="Bounce"/>
                </processor>

            </processors>

        </mailetcontainer>

        """;

    private static final String LOGBACK = """
        <?xml version="1.0" encoding="UTF-8"?>
        <configuration>

                <contextListener class="ch.qos.logback.classic.jul.LevelChangePropagator">
                        <resetJUL>true</resetJUL>
                </contextListener>

                <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">
                        <encoder>
                                <pattern>%d{HH:mm:ss.SSS} [%-5level] %logger{15} - %msg%n%rEx</pattern>
                        </encoder>
                </appender>

                <root level="WARN">
                        <appender-ref ref="CONSOLE" />
                </root>

                <logger name="org.apache.james" level="INFO" />
        </configuration>
        """;

    private static final String TLS = """
                <tls socketTLS="false" startTLS="true">
                    <keystore>file://conf/keystore</keystore>
                    <keystoreType>PKCS12</keystoreType>
                    <secret>james72laBalle</secret>
                    <provider>org.bouncycastle.jce.provider.BouncyCastleProvider</provider>
                    <!-- <secret>another</secret> -->
                </tls>
        """;

    private static final String SMTP = """
        <?xml version="1.0"?>
        <smtpservers>
            <smtpserver enabled="true">
                <jmxName>smtpserver-global</jmxName>
                <bind>0.0.0.0:25</bind>
                <connectionBacklog>200</connectionBacklog>
        """ + TLS + """
                <auth>
                    <announce>never</announce>
                    <requireSSL>false</requireSSL>
                    <plainAuthEnabled>true</plainAuthEnabled>
                </auth>
                <authorizedAddresses>127.0.0.0/8</authorizedAddresses>
                <verifyIdentity>false</verifyIdentity>
                <maxmessagesize>0</maxmessagesize>
                <addressBracketsEnforcement>true</addressBracketsEnforcement>
                <smtpGreeting>Apache JAMES awesome SMTP Server</smtpGreeting>
                <handlerchain>
                    <handler class="org.apache.james.smtpserver.fastfail.ValidRcptHandler"/>
                    <handler class="org.apache.james.smtpserver.CoreCmdHandlerLoader"/>
                </handlerchain>
            </smtpserver>
            <smtpserver enabled="true">
                <jmxName>smtpserver-authenticated</jmxName>
                <bind>0.0.0.0:587</bind>
                <connectionBacklog>200</connectionBacklog>
        """ + TLS + """
                <auth>
                    <announce>forUnauthorizedAddresses</announce>
                    <requireSSL>true</requireSSL>
                    <plainAuthEnabled>true</plainAuthEnabled>
                </auth>
                <authorizedAddresses>127.0.0.0/8</authorizedAddresses>
                <verifyIdentity>true</verifyIdentity>
                <maxmessagesize>0</maxmessagesize>
                <addressBracketsEnforcement>true</addressBracketsEnforcement>
                <smtpGreeting>Apache JAMES awesome SMTP Server</smtpGreeting>
                <handlerchain>
                    <handler class="org.apache.james.smtpserver.fastfail.ValidRcptHandler"/>
                    <handler class="org.apache.james.smtpserver.CoreCmdHandlerLoader"/>
                </handlerchain>
            </smtpserver>
        </smtpservers>
        """;

    private static final String IMAP = """
        <?xml version="1.0"?>
        <imapservers>
            <imapserver enabled="true">
                <jmxName>imapserver</jmxName>
                <bind>0.0.0.0:143</bind>
                <connectionBacklog>200</connectionBacklog>
        """ + TLS + """
                <plainAuthDisallowed>true</plainAuthDisallowed>
                <auth>
                    <plainAuthEnabled>true</plainAuthEnabled>
                </auth>
            </imapserver>
        </imapservers>
        """;
}
