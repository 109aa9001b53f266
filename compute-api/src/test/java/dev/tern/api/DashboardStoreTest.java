package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.ServerId;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.StoreTestDatabase;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Looked at in a real Chromium, over a real database. */
@DisplayName("The dashboard")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DashboardStoreTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final String HOSTILE = "<img src=x onerror=document.title='taken'>";
  private static final HostName ONE = new HostName("host-1");
  private static final HostName TWO = new HostName("host-2");
  private static final HostName THREE = new HostName("host-3");

  private final Samples conductor = new Samples(() -> DATABASE);
  private StoreApi api;
  private Browser browser;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new StoreApi(DATABASE, "--tern.api.image-directory=" + images);
    for (HostName host : List.of(ONE, TWO, THREE)) {
      conductor.host(host);
    }
    for (String name : List.of("web-1", "web-2", "db-1", HOSTILE)) {
      active(name, ONE);
    }
    active("mail-1", TWO);
    browser = new Browser();
  }

  @AfterAll
  void stop() {
    browser.close();
    api.close();
  }

  @BeforeEach
  void open() {
    browser.driver.get(api.base() + "/#/cluster");
    var _ = browser.see("article.host[data-host=host-1] .guest");
  }

  @AfterEach
  void nobody_complains() {
    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.driver.getTitle()).doesNotContain("taken");
  }

  private ServerRecord active(String name, HostName host) {
    ServerRecord made =
        DATABASE.servers().requestCreate(Samples.server(name, "sea"), Samples.request());
    Lease lease = conductor.lease(made.id());
    DATABASE.servers().placed(lease, made.id(), host, conductor.claim(made.id(), host));
    DATABASE.servers().running(lease, made.id());
    return DATABASE.servers().find(made.id()).orElseThrow();
  }

  /** A migration as a conductor has it while disks and memory are copied. */
  private record Moving(MigrationRecord migration, Lease lease) {}

  private Moving moving(ServerId server, HostName to) {
    MigrationRecord accepted = conductor.accepted(server);
    Lease lease = conductor.lease(server);
    ClaimId claim = conductor.claim(server, to);
    DATABASE.migrations().planned(lease, accepted.id(), to, claim, 1000);
    DATABASE.migrations().entered(lease, accepted.id(), MigrationStatus.RUNNING, Phase.PERFORM);
    return new Moving(accepted, lease);
  }

  private void arrives(Moving moving) {
    DATABASE.migrations().ownerChanged(moving.lease(), moving.migration().id(), Samples.PAUSE);
    DATABASE.migrations().completed(moving.lease(), moving.migration().id());
  }

  @Test
  void shows_hosts_with_their_guests_and_what_they_have_given() {
    assertThat(browser.see("#live", "Live").isDisplayed()).isTrue();
    assertThat(browser.see("#tile-hosts").getText()).isEqualTo("3 of 3");
    assertThat(browser.see("article[data-host=host-1]").getText())
        .contains("up", "Memory", "Disk", "vCPUs", "web-1", "db-1", HOSTILE);
    assertThat(browser.has("article img")).isFalse();
    browser.pictures("cluster");
  }

  @Test
  void shows_a_guest_move_without_being_loaded_anew() {
    ServerRecord server = active("mover", ONE);
    String guest = ".guest[data-server='" + server.id() + "']";
    var _ = browser.see("article[data-host=host-1] " + guest);
    Object _ = browser.script("window.same = true; return true");

    Moving moving = moving(server.id(), TWO);
    DATABASE.migrations().progress(Samples.progress(moving.migration().id(), 100, 60, 1000, 900));
    assertThat(browser.see("article[data-host=host-2] .guest-coming", "mover").isDisplayed())
        .isTrue();
    var _ = browser.see("article[data-host=host-1] .guest-moving", "mover");
    browser.picture("cluster-moving");
    arrives(moving);

    var _ = browser.see("article[data-host=host-2] " + guest);
    var _ = browser.see("article[data-host=host-2] .guest-active", "mover");
    assertThat(browser.has("article[data-host=host-1] " + guest)).isFalse();
    assertThat(browser.script("return window.same === true")).isEqualTo(true);
  }
}
