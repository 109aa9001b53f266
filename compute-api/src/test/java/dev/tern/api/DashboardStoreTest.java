package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.DescribeDisks;
import dev.tern.contract.agent.AgentRequest.DescribeServer;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.ConsoleOutput;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.host.MoveDetail;
import dev.tern.contract.host.MoveDetail.DiskProgress;
import dev.tern.contract.host.MoveDetail.MemoryPace;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Progress;
import dev.tern.store.DrainStore.State;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.StoreTestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;
import org.openqa.selenium.interactions.Actions;

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
    assertThat(browser.read("#tile-hosts")).isEqualTo("3 of 3");
    assertThat(browser.read("article[data-host=host-1]"))
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

  @Test
  void shows_a_migration_and_asks_before_it_is_aborted() {
    ServerRecord server = active("heavy", ONE);
    Moving moving = moving(server.id(), TWO);
    browser.driver.get(api.base() + "/#/migrations/" + moving.migration().id());
    for (int i = 1; i <= 4; i++) {
      DATABASE.migrations().progress(figures(moving.migration().id(), i));
      String percent = i * 20 + ".0 %";
      var _ = browser.see("#progress .bar-big .bar-words", percent);
    }
    assertThat(browser.read(".phase-now")).contains("Perform");
    assertThat(browser.read("#progress")).contains("disk0", "Expected pause", "30 ms");
    var _ = browser.see("#pace polyline.line-b");
    browser.pictures("migration-running");

    browser.click("#abort");
    assertThat(browser.read("dialog .says")).contains("goes on at host-1", "80 % moved");
    browser.picture("migration-abort");
    browser.click("#cancel");
    assertThat(DATABASE.migrations().find(moving.migration().id()).orElseThrow().abortRequested())
        .isFalse();
    browser.click("#abort");
    browser.click("#confirm");
    var _ = browser.see("#abort", "Abort asked for");
    assertThat(DATABASE.migrations().find(moving.migration().id()).orElseThrow().abortRequested())
        .isTrue();

    arrives(moving);
    var _ = browser.see(".title .badge", "completed");
    assertThat(browser.read("#pause", "Mirror drain")).contains("123 ms", "20 ms");
    browser.pictures("migration-completed");
    browser.driver.get(api.base() + "/#/migrations");
    var _ = browser.see("td", "heavy");
    browser.pictures("migrations");
  }

  /** A share of 1000 bytes of memory and as many of disk. */
  private static MigrationProgress figures(MigrationId id, int fifths) {
    long done = 200L * fifths;
    MoveDetail plain = Samples.detail(1_000L * fifths, Duration.ZERO);
    return new MigrationProgress(
        id,
        1000,
        done,
        1000 - done,
        1000,
        done,
        1000 - done,
        200 * fifths,
        new MoveDetail(
            plain.at(),
            List.of(
                new DiskProgress("disk0", done << 20, 1000L << 20, 0, false),
                new DiskProgress("disk1", 300L << 20, 300L << 20, 0, true)),
            new MemoryPace(fifths, (90L + 20L * (fifths % 3)) << 20, (60L - 9L * fifths) << 20, 0),
            plain.forecast(),
            Duration.ZERO,
            Optional.of(0L)));
  }

  @Test
  void migrates_a_server_after_saying_what_will_come_of_it() {
    ServerRecord server = active("traveller", ONE);
    api.agents.set((_, request, _) -> {
      AgentResult said =
          switch (request) {
            case DescribeSource _ -> Outlooks.guest();
            case DescribeDisks _ -> Outlooks.disks();
            default ->
                new ConsoleOutput("[    0.000000] Linux version 6.1\n<b>login:</b> \nbeat 1\n");
          };
      return new Asked.Answered<>(new AgentAnswer.Done(said));
    });
    api.answering.set((_, _, _) -> new Asked.Answered<>(Outlooks.arrival()));
    api.choosing.set(
        (question, _) -> new Asked.Answered<>(Outlooks.planned((PlanHosts) question, TWO)));
    browser.driver.get(api.base() + "/#/servers/" + server.id());
    var _ = browser.see("#disks td", "disk0");
    var _ = browser.see("#console pre", "<b>login:</b>");
    var _ = browser.see("#actions-done td", "create");
    browser.pictures("server");

    browser.click("#migrate");
    assertThat(browser.read("#preflight", "It can move to host-2"))
        .contains("Memory", "512 MiB", "Could come back");
    browser.picture("server-migrate");
    browser.narrow();
    browser.assertFits("the question");
    browser.picture("server-migrate-narrow");
    browser.noLongerNarrow();
    assertThat(DATABASE.servers().find(server.id()).orElseThrow().task()).isEmpty();
    browser.click("#confirm");
    var _ = browser.see(".title h1", "traveller");
    var _ = browser.see("#steer");
    assertThat(DATABASE.servers().find(server.id()).orElseThrow().task())
        .contains(TaskState.MIGRATING);
    browser.driver.get(api.base() + "/#/servers/" + server.id());
    var _ = browser.see("#moving", "host-1");
    assertThat(browser.has("#force")).isTrue();
  }

  @Test
  void says_of_a_server_that_cannot_move_while_it_runs_what_moving_it_cold_takes() {
    ServerRecord server = active("stayer", ONE);
    Failure old = new Failure(ErrorCode.SOURCE_LACKS_QEMU_FEATURE, "It lacks a command.");
    api.agents.set((_, request, _) ->
        new Asked.Answered<>(
            switch (request) {
              case DescribeSource _ -> new AgentAnswer.Refused(old);
              case DescribeServer _ -> new AgentAnswer.Done(Outlooks.guest());
              default -> new AgentAnswer.Done(Outlooks.disks());
            }));
    api.answering.set((_, _, _) -> new Asked.Answered<>(Outlooks.arrival()));
    api.choosing.set(
        (question, _) -> new Asked.Answered<>(Outlooks.planned((PlanHosts) question, TWO)));
    browser.driver.get(api.base() + "/#/servers/" + server.id());
    browser.click("#migrate");
    assertThat(browser.read("#preflight", "It cannot move now")).contains("It lacks a command.");
    assertThat(browser.read("#preflight-cold", "It can move cold (migrate) to host-2"))
        .contains("Shut down for", "about", "It moves cold, and is down for about");
    browser.click("#cancel");
  }

  @Test
  void plans_pauses_and_cancels_a_drain() {
    ServerRecord first = active("drained-1", THREE);
    ServerRecord second = active("drained-2", THREE);
    browser.driver.get(api.base() + "/#/drains");
    browser.click("#drain");
    var _ = browser.see("dialog h2", "Drain a host");
    browser.click("#drain-host option[value=host-3]");
    DrainRecord dry = planning(THREE);
    planned(dry, first, second);
    assertThat(browser.read("#plan", "1 of 2 servers move"))
        .contains("free 512 MiB of memory on host-2");
    var _ = browser.see("#plan", "drained-1");
    rename(first, "drained-one");
    var _ = browser.see("#plan", "drained-one");
    browser.picture("drain-plan");
    browser.click("#confirm");
    DrainRecord drain =
        await("the drain is asked for")
            .until(() -> DATABASE.drains().unfinished(THREE), Optional::isPresent)
            .orElseThrow();
    planned(drain, first, second);
    var _ = browser.see(".title h1", "Drain of host-3");
    var _ = browser.see("#drain-servers td", "drained-2");
    browser.pictures("drain");

    browser.click("#pause");
    browser.click("#confirm");
    var _ = browser.see(".title .badge", "paused");
    browser.click("#cancel-drain");
    assertThat(browser.read("dialog .says")).contains("takes servers again");
    browser.click("#confirm");
    var _ = browser.see(".title .badge", "cancelled");
    assertThat(DATABASE.drains().unfinished(THREE)).isEmpty();
    browser.driver.get(api.base() + "/#/drains");
    var _ = browser.see("td", "host-3");
    browser.pictures("drains");
  }

  @Test
  void asks_nothing_any_more_when_another_page_is_opened() {
    browser.driver.get(api.base() + "/#/drains");
    browser.click("#drain");
    var _ = browser.see("dialog h2", "Drain a host");
    browser.driver.get(api.base() + "/#/servers");
    var _ = browser.see("#server-rows", "web-1");
    assertThat(browser.has("dialog")).isFalse();
  }

  private static void rename(ServerRecord server, String name) {
    try (Connection connection = DATABASE.connect();
        PreparedStatement update =
            connection.prepareStatement("update servers set name = ? where id = ?")) {
      update.setString(1, name);
      update.setObject(2, server.id().value());
      assertThat(update.executeUpdate()).isOne();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static DrainRecord planning(HostName host) {
    return await("a dry run is asked for")
        .until(
            () ->
                DATABASE.drains().list(Optional.of(host), true, Optional.empty(), 1).stream()
                    .filter(drain -> drain.state() == State.PLANNING)
                    .findFirst(),
            Optional::isPresent)
        .orElseThrow();
  }

  /** As a conductor does it; a dry run ends by it. */
  private static void planned(DrainRecord drain, ServerRecord goes, ServerRecord stays) {
    Plan plan =
        new Plan(
            Instant.now(),
            List.of(
                new PlannedMove(
                    goes.id(),
                    Optional.of(TWO),
                    900L << 20,
                    Duration.ZERO,
                    Duration.ofSeconds(40),
                    Optional.of(Duration.ofMillis(60)),
                    ""),
                new PlannedMove(
                    stays.id(),
                    Optional.empty(),
                    0,
                    Duration.ZERO,
                    Duration.ZERO,
                    Optional.empty(),
                    "No host has the memory.")),
            Duration.ofSeconds(40),
            Duration.ofSeconds(40),
            "the last 5 migrations from this host",
            List.of(
                "No order satisfies the rules for server drained-2. Do one of these: free 512 MiB of memory on host-2."));
    assertThat(
            DATABASE
                .drains()
                .save(
                    drain,
                    new Progress(
                        drain.state() == State.PLANNING ? State.PLANNED : drain.state(),
                        Optional.of(plan),
                        Optional.empty(),
                        List.of(
                            DrainServer.waiting(goes.id(), Leg.OUT, 0),
                            DrainServer.waiting(stays.id(), Leg.OUT, 1)))))
        .isTrue();
  }

  @Test
  void explains_a_decision() {
    ServerRecord server = active("placed", TWO);
    DATABASE
        .decisions()
        .keep(
            RequestId.of(new UUID(1, 2)),
            new ClaimId(new UUID(5, 5)),
            Outlooks.decision(server.id()),
            100,
            Duration.ofDays(1));
    browser.driver.get(api.base() + "/#/decisions?server=" + server.id());
    assertThat(browser.read(".decision", "placed"))
        .contains("Why host-2", "RAMWeigher", "RamFilter", "1024 MiB", "512 MiB")
        .contains("What would make it fit", "host-3 fits if 512 MiB of memory are freed");
    browser.pictures("decisions");
  }

  @Test
  void compares_hosts_with_the_database() {
    browser.driver.get(api.base() + "/#/audit");
    var _ = browser.see(".verdict", "did not answer");
    browser.pictures("audit");
  }

  @Test
  void is_used_by_the_keyboard_alone() {
    Actions keys = new Actions(browser.driver);
    browser.driver.get("about:blank");
    browser.driver.get(api.base() + "/#/cluster");
    var _ = browser.see("article.host .guest");
    keys.sendKeys(Keys.TAB).perform();
    assertThat(focused()).isEqualTo("Skip to content");
    keys.sendKeys(Keys.TAB, Keys.TAB, Keys.TAB).perform();
    assertThat(focused()).isEqualTo("Servers");
    keys.sendKeys(Keys.ENTER).perform();
    var _ = browser.see(".row-name", "db-1");
    keys.sendKeys(Keys.TAB).perform();
    assertThat(browser.script("return document.activeElement.id")).isEqualTo("server-search");
    keys.sendKeys("db-1").perform();
    var _ = browser.see("[role=status]", "1 of ");
    keys.sendKeys(Keys.TAB, Keys.TAB, Keys.TAB).perform();
    assertThat(focused()).isEqualTo("db-1");
    assertThat(browser.script("return getComputedStyle(document.activeElement).outlineStyle"))
        .isEqualTo("solid");
    keys.sendKeys(Keys.ENTER).perform();
    var _ = browser.see(".title h1", "db-1");
    keys.sendKeys(Keys.TAB, Keys.TAB).perform();
    assertThat(focused()).isEqualTo("Migrate…");
    keys.sendKeys(Keys.ENTER).perform();
    var _ = browser.see("dialog");
    keys.sendKeys(Keys.ESCAPE).perform();
    await("the question is gone").until(() -> !browser.has("dialog"));
    assertThat(focused()).isEqualTo("Migrate…");
  }

  private String focused() {
    return String.valueOf(browser.script("return document.activeElement.textContent"));
  }

  @Test
  void is_dark_or_light_as_the_system_or_its_user_likes() {
    browser.prefers("dark");
    String dark = ground();
    browser.prefers("light");
    String light = ground();
    assertThat(dark).isNotEqualTo(light);
    browser.click("#theme");
    browser.click("#theme");
    assertThat(ground()).isEqualTo(dark);
    browser.driver.navigate().refresh();
    var _ = browser.see("article.host");
    assertThat(ground()).isEqualTo(dark);
    browser.click("#theme");
    assertThat(ground()).isEqualTo(light);
  }

  private String ground() {
    return String.valueOf(browser.script("return getComputedStyle(document.body).backgroundColor"));
  }
}
