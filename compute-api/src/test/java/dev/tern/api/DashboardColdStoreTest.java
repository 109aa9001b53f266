package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.Arrival;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.StoreTestDatabase;
import dev.tern.store.TurnStore.AtOnce;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The dashboard, of what moves without its guest,")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DashboardColdStoreTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final HostName ONE = new HostName("host-1");
  private static final HostName TWO = new HostName("host-2");
  private static final AtOnce ONE_AT_ONCE = new AtOnce(1, 0, 0);
  private static final AtOnce ANY = new AtOnce(0, 0, 0);

  private final Samples conductor = new Samples(() -> DATABASE);
  private StoreApi api;
  private Browser browser;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new StoreApi(DATABASE, "--tern.api.image-directory=" + images);
    List.of(ONE, TWO).forEach(conductor::host);
    browser = new Browser();
  }

  @AfterAll
  void stop() {
    browser.close();
    api.close();
  }

  @AfterEach
  void nobody_complains() {
    assertThat(browser.complaints()).isEmpty();
  }

  private static ColdMigrationStore migrations() {
    return DATABASE.coldMigrations();
  }

  private void open(String page) {
    browser.driver.get("about:blank");
    browser.driver.get(api.base() + "/#/" + page);
  }

  /** A running server that is to leave the first host, and has its place at the other. */
  private ColdMigrationRecord asked(String name) {
    ServerId server =
        DATABASE.servers().requestCreate(Samples.server(name, "sea"), Samples.request()).id();
    Lease built = conductor.lease(server);
    DATABASE.servers().placed(built, server, ONE, conductor.claim(server, ONE));
    DATABASE.servers().running(built, server);
    ColdMigrationRecord asked =
        migrations()
            .request(
                new NewColdMigration(
                    UUID.randomUUID(), server, Optional.empty(), Optional.empty(), Map.of()),
                Samples.request());
    Lease lease = conductor.lease(server);
    migrations().chosen(lease, asked.id(), TWO, conductor.claim(server, TWO));
    DATABASE.sagas().giveBack(lease);
    return asked;
  }

  private void arrives(ColdMigrationRecord one) {
    Lease lease = conductor.lease(one.server());
    migrations().leaving(lease, one.id());
    migrations().arrived(lease, one.id(), new Arrival(3 << 20, 1, Map.of("disk0", "ab12")));
    migrations().ownerChanged(lease, one.id());
    migrations().finished(lease, one.id(), List.of());
  }

  @Test
  @Tag("S84")
  void says_for_what_one_waits_and_goes_on_when_it_does() {
    ColdMigrationRecord first = asked("cold-first");
    assertThat(migrations().takeTurn(first.id(), ONE_AT_ONCE)).isTrue();
    ColdMigrationRecord second = asked("cold-second");
    assertThat(migrations().takeTurn(second.id(), ONE_AT_ONCE)).isFalse();
    open("servers/" + second.server());
    assertThat(browser.read("#past", "waits for its turn"))
        .contains("cold migration", "host-1 → host-2", "pre-migrating");
    browser.click("#past a[href$='" + second.id() + "']");
    assertThat(browser.read("#cold-says", "as may at once (1)"))
        .contains("It is next.", "runs on meanwhile");
    browser.picture("cold-waits");
    browser.narrow();
    browser.assertFits("a cold migration");
    browser.noLongerNarrow();
    arrives(first);
    assertThat(DATABASE.migrations().giveTurns(ANY)).isOne();
    var _ = browser.read("#cold-says", "Its guest still runs where it was.");
    arrives(second);
    assertThat(browser.read("#cold-says", "Both hosts have the server."))
        .contains("Confirm it", "revert it");
    assertThat(browser.read("#receipt", "3.0 MiB")).contains("open", "kept", "sha256");
    browser.picture("cold-finished");
  }
}
