package jamestls.james;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.InstalledProgram;
import jamestls.scenario.Scenario;
import jamestls.scenario.ScenarioServer;
import jamestls.scenario.Scenarios;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.logging.Level;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** The page of a real James server in a real browser, after the scenarios. Screenshots are in {@code target/page}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PageIT {

    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
    private static final Path SCREENSHOTS = Path.of("target", "page");
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Scenarios in which a policy forbids every host. */
    private static final String HELD = "stripped.example";

    private ScenarioServer server;
    private ChromeDriver browser;
    private String page;

    @BeforeAll
    void fillAndOpen() {
        InstalledProgram.require("Chromium", CHROMIUM, DRIVER);
        server = ScenarioServer.open(Scenarios.ALL, Path.of("target", "page-server", "james"));
        Scenarios.ALL.forEach(server::run);
        server.reportNow(Scenarios.ALL.size());
        page = "http://127.0.0.1:" + server.james().ports().webadmin() + "/tls/page";
        LoggingPreferences console = new LoggingPreferences();
        console.enable(LogType.BROWSER, Level.ALL);
        ChromeOptions options = new ChromeOptions().setBinary(CHROMIUM.toFile());
        options.addArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,1600");
        options.setCapability("goog:loggingPrefs", console);
        browser = new ChromeDriver(new ChromeDriverService.Builder().usingDriverExecutable(DRIVER.toFile()).build(), options);
    }

    @AfterAll
    void close() {
        if (browser != null) {
            browser.quit();
        }
        if (server != null) {
            server.close();
        }
    }

    @Test
    void overviewShouldShowWhatTheScenariosDid() throws IOException {
        browser.get(page);
        screenshot("overview");

        assertThat(browser.getTitle()).isEqualTo("Overview - TLS of this mail server");
        List<String> attention = browser.findElements(By.cssSelector("ul.attention li")).stream().map(WebElement::getText).toList();
        assertThat(attention).anySatisfy(item -> assertThat(item).startsWith("Now:").contains("1 mail waits for " + HELD, "retry " + HELD));
        browser.findElement(By.cssSelector("figure details summary")).click();
        String today = LocalDate.now(ZoneOffset.UTC).toString();
        WebElement row = browser.findElements(By.cssSelector("figure table tbody tr")).stream()
            .filter(each -> each.getText().startsWith(today)).findFirst().orElseThrow();
        int counted = row.findElements(By.tagName("td")).stream().mapToInt(cell -> Integer.parseInt(cell.getText())).sum();
        assertThat(counted).as("sessions of today").isGreaterThanOrEqualTo(Scenarios.ALL.size());
        assertThat(browser.findElements(By.cssSelector("svg.chart rect"))).isNotEmpty();
        assertThat(browser.findElement(By.tagName("main")).getText()).contains("accepted");
        noErrors();
    }

    @Test
    void readerShouldFindADomainAndSeeEverythingAboutIt() throws IOException {
        browser.get(page);
        browser.findElement(By.id("search")).sendKeys("STRIPPED");
        browser.findElement(By.cssSelector("header form button")).click();
        Awaitility.await().atMost(PATIENCE).until(() -> browser.getTitle().startsWith("Domains"));
        browser.findElement(By.linkText(HELD)).click();
        Awaitility.await().atMost(PATIENCE).until(() -> browser.getTitle().startsWith(HELD));
        screenshot("domain");

        assertThat(browser.getCurrentUrl()).isEqualTo(page + "/domains/" + HELD);
        assertThat(browser.findElement(By.tagName("main")).getText())
            .contains("mode enforce, mx mx." + HELD, "1 mail waits since", "starttls-not-supported", "explain " + HELD);
        noErrors();
    }

    @Test
    void everyScenarioShouldBeInTheListOfDomains() throws IOException {
        browser.get(page + "/domains");
        screenshot("domains");

        assertThat(browser.findElements(By.cssSelector("tbody th a")).stream().map(WebElement::getText))
            .containsAll(Scenarios.ALL.stream().map(Scenario::domain).toList());
        noErrors();
    }

    @Test
    void narrowScreensShouldNotScrollSideways() throws IOException {
        Dimension before = browser.manage().window().getSize();
        browser.manage().window().setSize(new Dimension(500, 900));
        try {
            browser.get(page);
            screenshot("narrow");

            assertThat(browser.executeScript("return document.documentElement.scrollWidth <= window.innerWidth")).isEqualTo(true);
        } finally {
            browser.manage().window().setSize(before);
        }
    }

    /** Without it the page would be unreadable for some: WCAG 1.1.1, 1.3.1, 2.4.1, 3.1.1, 4.1.2. */
    @Test
    void screenReadersShouldFindLanguageNamesAndHeadings() {
        browser.get(page);

        assertThat(browser.findElement(By.tagName("html")).getDomAttribute("lang")).isEqualTo("en");
        assertThat(browser.findElements(By.tagName("h1"))).hasSize(1);
        assertThat(browser.findElements(By.tagName("main"))).hasSize(1);
        assertThat(browser.findElements(By.cssSelector("svg:not([aria-label])"))).isEmpty();
        assertThat(browser.findElements(By.cssSelector("table:not(:has(caption))"))).isEmpty();
        assertThat(browser.findElement(By.cssSelector("label[for=search]")).getText()).isNotBlank();
    }

    private void noErrors() {
        Awaitility.await().atMost(PATIENCE).until(() -> browser.executeScript("return document.readyState").equals("complete"));
        assertThat(browser.manage().logs().get(LogType.BROWSER).getAll()).as("console").isEmpty();
    }

    private static Path screenshots() throws IOException {
        return Files.createDirectories(SCREENSHOTS);
    }

    private void screenshot(String name) throws IOException {
        Files.write(screenshots().resolve(name + ".png"), browser.getScreenshotAs(OutputType.BYTES));
    }
}
