package dev.tern.system;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.Patience;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import org.openqa.selenium.By;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;

/** The dashboard of a running Tern in the system's Chromium, without a screen. */
final class DashboardPage implements AutoCloseable {
  private static final Duration LONG = Duration.ofMinutes(1);

  private final ChromeDriver driver;

  DashboardPage(URI api) {
    ChromeOptions options = new ChromeOptions();
    options.setBinary("/usr/bin/chromium");
    options.addArguments(
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu");
    this.driver =
        new ChromeDriver(
            new ChromeDriverService.Builder()
                .usingDriverExecutable(new File("/usr/bin/chromedriver"))
                .build(),
            options);
    driver.get(api.resolve("/#/servers").toString());
  }

  /** Into the only project the user has. */
  void logIn(String user, String password) throws IOException, InterruptedException {
    sees("#user", "");
    driver.findElement(By.cssSelector("#user")).sendKeys(user);
    driver.findElement(By.cssSelector("#password")).sendKeys(password);
    driver.findElement(By.cssSelector("#login")).click();
  }

  /** Waits until it does. */
  void sees(String selector, String text) throws IOException, InterruptedException {
    new Patience(Pause.SLEEPING)
        .until(
            "the page shows %s at %s".formatted(text, selector),
            LONG,
            () ->
                Optional.of(driver.findElements(By.cssSelector(selector)))
                    .filter(found -> found.stream().anyMatch(one -> one.getText().contains(text))));
  }

  String token() {
    return String.valueOf(driver.executeScript("return sessionStorage.getItem('tern.token')"));
  }

  /** Waits until it is over. */
  void logOut() throws IOException, InterruptedException {
    driver.findElement(By.cssSelector("#logout")).click();
    sees("#login", "");
  }

  @Override
  public void close() {
    driver.quit();
  }
}
