package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.NoSuchElementException;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebDriverException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** The system's Chromium without a screen. It reaches nothing but this machine. */
final class Browser implements AutoCloseable {
  private static final Path PICTURES = Path.of("target", "dashboard");
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  final ChromeDriver driver;

  Browser() {
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    ChromeOptions options = new ChromeOptions();
    options.setBinary("/usr/bin/chromium");
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--lang=en-GB",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1");
    options.setCapability("goog:loggingPrefs", logs);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(new File("/usr/bin/chromedriver"))
            .build();
    driver = new ChromeDriver(service, options);
    driver.manage().timeouts().pageLoadTimeout(Duration.ofSeconds(60));
    wide();
  }

  void wide() {
    driver.manage().window().setSize(new Dimension(1440, 1000));
  }

  /** As narrow as a phone, which a window of a desktop cannot be. */
  void narrow() {
    Map<String, Object> phone =
        Map.of("width", 375, "height", 812, "deviceScaleFactor", 1, "mobile", true);
    var _ = driver.executeCdpCommand("Emulation.setDeviceMetricsOverride", phone);
  }

  void noLongerNarrow() {
    var _ = driver.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
  }

  /** What the system says that its user likes. */
  void prefers(String scheme) {
    var _ =
        driver.executeCdpCommand(
            "Emulation.setEmulatedMedia",
            Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  Object script(String script, Object... values) {
    return Objects.requireNonNull(driver.executeScript(script, values));
  }

  WebElement see(String selector) {
    return waiting(selector, () -> driver.findElement(By.cssSelector(selector)));
  }

  /** An element of that kind with this in its text. */
  WebElement see(String selector, String text) {
    return waiting(
        selector + " with " + text,
        () ->
            driver.findElements(By.cssSelector(selector)).stream()
                .filter(element -> element.getText().contains(text))
                .findFirst()
                .orElseThrow(() -> new NoSuchElementException(text)));
  }

  /** The text of an element; taken at once, because a page draws its elements anew. */
  String read(String selector) {
    return read(selector, "");
  }

  /** The text of an element of that kind that has this in it. */
  String read(String selector, String text) {
    return waiting(
        selector + " with " + text,
        () ->
            driver.findElements(By.cssSelector(selector)).stream()
                .map(WebElement::getText)
                .filter(read -> read.contains(text))
                .findFirst()
                .orElse(null));
  }

  boolean has(String selector) {
    return !driver.findElements(By.cssSelector(selector)).isEmpty();
  }

  interface Look<T> {
    @Nullable T at();
  }

  /**
   * What a look finds, as soon as it does. A look that is refused for too long says why, with a
   * picture.
   */
  <T> T waiting(String what, Look<T> look) {
    AtomicReference<@Nullable WebDriverException> last = new AtomicReference<>();
    Callable<@Nullable T> attempt =
        () -> {
          try {
            return look.at();
          } catch (WebDriverException e) {
            last.set(e);
            return null;
          }
        };
    try {
      return Objects.requireNonNull(
          await(what)
              .atMost(PATIENCE)
              .pollInterval(Duration.ofMillis(50))
              .until(attempt, Objects::nonNull));
    } catch (ConditionTimeoutException _) {
      picture("failed");
      WebDriverException why = last.get();
      throw new AssertionError(
          "%s: %s".formatted(what, why == null ? "nothing found" : firstLine(why)), why);
    }
  }

  private static String firstLine(WebDriverException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  void click(String selector) {
    waiting(
        selector,
        () -> {
          WebElement element = driver.findElement(By.cssSelector(selector));
          if (!element.isEnabled()) {
            throw new NoSuchElementException(selector + " is not enabled");
          }
          element.click();
          return true;
        });
  }

  /** The picture of the whole page, as an artefact. */
  void picture(String name) {
    long height = ((Number) script("return document.documentElement.scrollHeight")).longValue();
    long width = ((Number) script("return document.documentElement.clientWidth")).longValue();
    var taken =
        driver.executeCdpCommand(
            "Page.captureScreenshot",
            Map.of(
                "captureBeyondViewport",
                true,
                "clip",
                Map.of(
                    "x", 0, "y", 0, "width", width, "height", Math.min(height, 3000), "scale", 1)));
    try {
      Files.createDirectories(PICTURES);
      Files.write(
          PICTURES.resolve(name + ".png"),
          OutputType.BYTES.convertFromBase64Png(String.valueOf(taken.get("data"))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** In the light, in the dark, and on a phone, where nothing is wider than the screen. */
  void pictures(String page) {
    prefers("light");
    picture(page + "-light");
    prefers("dark");
    picture(page + "-dark");
    prefers("light");
    narrow();
    assertFits(page);
    picture(page + "-narrow");
    prefers("dark");
    picture(page + "-narrow-dark");
    prefers("light");
    noLongerNarrow();
  }

  void assertFits(String page) {
    Object wider =
        script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assertThat(((Number) wider).longValue()).as(page + " scrolls sideways").isZero();
  }

  /** Errors of scripts, and what the page's own policy refused. */
  List<String> complaints() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .map(entry -> entry.getLevel() + " " + entry.getMessage())
        .filter(line -> line.contains("SEVERE") || line.contains("Content Security Policy"))
        .filter(line -> !line.contains("Failed to load resource"))
        .toList();
  }

  @Override
  public void close() {
    driver.quit();
  }
}
