package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.identity.PasswordHash;
import dev.tern.contract.HostName;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.StoreTestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Who logs into the dashboard")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DashboardLoginStoreTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final HostName HOST = new HostName("host-1");
  private static final String SEA = "5ea5ea5ea5ea5ea5ea5ea5ea5ea5ea5e";
  private static final String LAND = "1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a";

  private final Samples conductor = new Samples(() -> DATABASE);
  private StoreApi api;
  private Browser browser;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException {
    Path users = folder.resolve("users.yaml");
    PasswordHash hash = PasswordHash.of("secret", PasswordHash.RANDOM, new SecureRandom());
    Files.writeString(
        users,
        """
        projects:
          - {name: sea, id: %s}
          - {name: land, id: %s}
        users:
          - name: ursula
            password: %s
            projects: {sea: [member]}
          - name: root
            password: %s
            projects: {land: [admin]}
        """
            .formatted(SEA, LAND, hash, hash));
    api =
        new StoreApi(
            DATABASE,
            "--tern.api.image-directory=" + folder.resolve("images"),
            "--tern.api.auth=embedded",
            "--tern.api.identity.users-file=" + users);
    conductor.host(HOST);
    active("ours", SEA);
    active("theirs", LAND);
    browser = new Browser();
  }

  @AfterAll
  void stop() {
    browser.close();
    api.close();
  }

  private void active(String name, String project) {
    ServerRecord made =
        DATABASE.servers().requestCreate(Samples.server(name, project), Samples.request());
    Lease lease = conductor.lease(made.id());
    DATABASE.servers().placed(lease, made.id(), HOST, conductor.claim(made.id(), HOST));
    DATABASE.servers().running(lease, made.id());
  }

  @BeforeEach
  void open() {
    browser.driver.get(api.base() + "/");
    Object _ = browser.script("sessionStorage.clear(); return true");
    browser.driver.get(api.base() + "/?anew#/servers");
    browser.driver.navigate().refresh();
    var _ = browser.see("#password");
  }

  private void logIn(String user, String password) {
    browser.see("#user").sendKeys(user);
    browser.see("#password").sendKeys(password);
    browser.click("#login");
  }

  @Test
  void is_refused_with_a_wrong_password_and_told_so() {
    browser.pictures("login");
    logIn("ursula", "wrong");
    assertThat(browser.see("#login-failure", "not right").isDisplayed()).isTrue();
    assertThat(browser.has("nav")).isFalse();
    assertThat(browser.script("return sessionStorage.length")).isEqualTo(0L);
  }

  /** As a Keystone is that nobody has told of the page. */
  @Test
  void is_told_what_an_identity_service_elsewhere_has_to_allow() {
    try (StoreApi other =
        new StoreApi(
            DATABASE,
            "--tern.api.auth=keystone",
            "--tern.api.keystone.url=" + api.base() + "/identity/v3",
            "--tern.api.keystone.username=tern",
            "--tern.api.keystone.password=secret")) {
      browser.driver.get(other.base() + "/#/servers");
      logIn("ursula", "secret");
      String told = browser.see("#login-failure", "allowed_origin").getText();
      assertThat(told).contains(api.base() + "/identity/v3", "has to name " + other.base());
    }
  }

  @Test
  void sees_its_own_servers_and_nobody_elses_also_when_they_change() {
    logIn("ursula", "secret");
    var _ = browser.see(".row-name", "ours");
    var _ = browser.see("#live", "Live");
    active("others", LAND);
    active("mine", SEA);
    var _ = browser.see(".row-name", "mine");
    assertThat(browser.read("#server-rows"))
        .contains("ours", "mine")
        .doesNotContain("theirs", "others", "host-1");
    browser.driver.get(api.base() + "/#/cluster");
    var _ = browser.see(".empty", "shown to administrators");
    browser.driver.get(api.base() + "/#/migrations");
    var _ = browser.see(".empty", "shown to administrators");
    browser.click("#logout");
    var _ = browser.see("#password");
    assertThat(browser.script("return sessionStorage.length")).isEqualTo(0L);
  }

  @Test
  void sees_all_as_an_administrator_until_the_token_is_no_good() {
    logIn("root", "secret");
    var _ = browser.see(".row-name", "theirs");
    var _ = browser.see(".row-name", "ours");
    assertThat(browser.read("#server-rows")).contains("host-1");
    Object _ = browser.script("sessionStorage.setItem('tern.token', 'bad'); return true");
    browser.driver.get(api.base() + "/#/migrations");
    var _ = browser.see("#password");
  }
}
