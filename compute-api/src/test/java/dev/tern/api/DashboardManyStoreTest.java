package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.store.Samples;
import dev.tern.store.StoreTestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The dashboard of 1,000 servers on 40 hosts")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DashboardManyStoreTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final int HOSTS = 40;
  private static final int SERVERS = 1_000;

  /**
   * Counts what a reader would feel: frames that come late, and tasks that hold up the keyboard.
   */
  private static final String WATCH =
      "window.tasks = []; window.frames = []; let last = performance.now();"
          + " new PerformanceObserver(list => list.getEntries().forEach(e =>"
          + " tasks.push(e.duration))).observe({type: 'longtask'});"
          + " const step = now => { frames.push(now - last); last = now;"
          + " requestAnimationFrame(step); }; requestAnimationFrame(step); return true";

  private StoreApi api;
  private Browser browser;

  @BeforeAll
  void start(@TempDir Path images) throws SQLException {
    api = new StoreApi(DATABASE, "--tern.api.image-directory=" + images);
    Samples conductor = new Samples(() -> DATABASE);
    for (int i = 1; i <= HOSTS; i++) {
      conductor.host(new HostName("host-" + i));
    }
    conductor.active(new HostName("host-1"));
    fill();
    browser = new Browser();
  }

  @AfterAll
  void stop() {
    browser.close();
    api.close();
  }

  /** More of the one that there is. */
  private static void fill() throws SQLException {
    try (Connection connection = DATABASE.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("create temporary table more as select * from servers limit 1");
      statement.execute("set session_replication_role = replica");
      for (int i = 1; i < SERVERS; i++) {
        statement.execute(
            "update more set id = gen_random_uuid(), name = 'server-%d', host = 'host-%d',"
                    .formatted(i, i % HOSTS + 1)
                + " claim_id = null");
        statement.execute("insert into servers select * from more");
      }
    }
  }

  /** As hundreds of servers change between two looks. */
  private static void stir(int round) throws SQLException {
    try (Connection connection = DATABASE.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "update servers set task_state = 'migrating', progress = %d, host = 'host-' || (1 + (hashtext(id::text) & 1023 + %d) %% %d) where name like 'server-%%%d'"
              .formatted(round * 10, round, HOSTS, round % 10));
    }
  }

  @SuppressWarnings("unchecked")
  private Map<String, Object> felt() {
    return (Map<String, Object>)
        browser.script(
            "const f = frames.slice(1).sort((a, b) => a - b); return {median: f[f.length >> 1] ||"
                + " 0, p95: f[Math.floor(f.length * .95)] || 0, worst: Math.max(0, ...tasks),"
                + " long: tasks.length, frames: f.length}");
  }

  private static double of(Map<String, Object> felt, String name) {
    return ((Number) Objects.requireNonNull(felt.get(name))).doubleValue();
  }

  @Test
  void stays_smooth_while_a_tenth_of_them_change_at_once() throws SQLException {
    browser.driver.get(api.base() + "/#/cluster");
    var _ = browser.see("#tile-servers", String.valueOf(SERVERS));
    var _ = browser.see(".guests.many .guest");
    browser.pictures("cluster-many");
    Object _ = browser.script(WATCH);
    for (int round = 1; round <= 5; round++) {
      stir(round);
      var _ = browser.see("#tile-moving", String.valueOf(round * SERVERS / 10));
    }
    assertSmooth("cluster");
    assertThat(browser.script("return document.querySelectorAll('.hosts .guest').length"))
        .isEqualTo((long) SERVERS);
  }

  @Test
  void lists_only_what_is_in_sight_and_scrolls_smoothly() {
    browser.driver.get(api.base() + "/#/servers");
    var _ = browser.see("[role=status]", "1000 of 1000");
    Object _ = browser.script(WATCH);
    for (int i = 1; i <= 20; i++) {
      Object _ =
          browser.script(
              "document.querySelector('#server-rows').scrollTop = %d; return true"
                  .formatted(i * 2500));
    }
    var _ = browser.see(".row-name", "server-");
    assertSmooth("servers");
    assertThat(browser.script("return document.querySelectorAll('.row').length"))
        .asInstanceOf(InstanceOfAssertFactories.LONG)
        .isLessThan(60);
    browser.see("#server-search").sendKeys("server-77");
    var _ = browser.see("[role=status]", "11 of 1000");
    browser.pictures("servers");
  }

  private void assertSmooth(String page) {
    Map<String, Object> felt = felt();
    assertThat(of(felt, "median")).as("a frame of %s, ms: %s", page, felt).isLessThan(50);
    assertThat(of(felt, "worst")).as("longest task of %s, ms: %s", page, felt).isLessThan(1000);
  }
}
