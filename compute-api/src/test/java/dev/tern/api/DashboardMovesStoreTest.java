package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.DescribeDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentResult.ConsoleOutput;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.contract.host.HostAnswer.WritesWatched;
import dev.tern.contract.host.HostQuestion.WatchWrites;
import dev.tern.contract.move.PolicyParts;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Goal;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.Order;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Progress;
import dev.tern.store.DrainStore.Purpose;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.StoreTestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.WindowType;

/** What the dashboard does to what moves, and how it speaks of each kind of job. */
@DisplayName("The dashboard, of what moves,")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DashboardMovesStoreTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

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

  private void open(String page) {
    browser.driver.get("about:blank");
    browser.driver.get(api.base() + "/#/" + page);
  }

  private ServerRecord active(String name, HostName host) {
    ServerRecord made =
        DATABASE.servers().requestCreate(Samples.server(name, "sea"), Samples.request());
    Lease lease = conductor.lease(made.id());
    DATABASE.servers().placed(lease, made.id(), host, conductor.claim(made.id(), host));
    DATABASE.servers().running(lease, made.id());
    return DATABASE.servers().find(made.id()).orElseThrow();
  }

  /** As a conductor has it while memory is copied. */
  private MigrationRecord moving(String name) {
    ServerId server = active(name, ONE).id();
    MigrationRecord accepted = conductor.accepted(server);
    Lease lease = conductor.lease(server);
    DATABASE
        .migrations()
        .planned(lease, accepted.id(), TWO, conductor.claim(server, TWO), 100L << 20);
    DATABASE.migrations().entered(lease, accepted.id(), MigrationStatus.RUNNING, Phase.PERFORM);
    DATABASE.migrations().progress(Samples.progress(accepted.id(), 1_000, 600, 1_000, 900));
    return accepted;
  }

  private static MigrationRecord now(MigrationRecord migration) {
    return DATABASE.migrations().find(migration.id()).orElseThrow();
  }

  @Test
  void is_live_however_many_pages_were_left_and_when_one_comes_back_to_it() {
    for (int left = 0; left < 8; left++) {
      open("drains");
      var _ = browser.see("#live", "Live");
    }
    open("servers");
    var _ = browser.see("#live", "Live");
    browser.driver.get("about:blank");
    browser.driver.navigate().back();
    var _ = browser.see("#live", "Live");
    ServerRecord late = active("latecomer", TWO);
    var _ = browser.see("a[href$='" + late.id() + "']", "latecomer");
  }

  @Test
  void is_live_in_the_tab_that_is_looked_at_however_many_there_are() {
    String first = browser.driver.getWindowHandle();
    try {
      for (int more = 0; more < 8; more++) {
        browser.driver.switchTo().newWindow(WindowType.TAB);
        browser.driver.get(api.base() + "/#/drains");
        var _ = browser.see("#live", "Live");
        // As the browser itself tells a tab when another one is looked at.
        browser.driver.executeScript(TOLD, "hidden");
        var _ = browser.see("#live", "Connecting…");
      }
      browser.driver.executeScript(TOLD, "visible");
      var _ = browser.see("#live", "Live");
    } finally {
      for (String tab : browser.driver.getWindowHandles()) {
        if (!tab.equals(first)) {
          browser.driver.switchTo().window(tab).close();
        }
      }
      browser.driver.switchTo().window(first);
    }
  }

  private static final String TOLD =
      "Object.defineProperty(document, 'visibilityState', {value: arguments[0], configurable: true});"
          + " document.dispatchEvent(new Event('visibilitychange'));";

  @Test
  void steers_a_migration_with_new_limits() {
    MigrationRecord migration = moving("steered");
    open("migrations/" + migration.id());
    browser.click("#steer");
    assertThat(browser.read("dialog", "Steer the migration of steered"))
        .contains("within about two seconds", "75 % moved");
    browser.see("#max-pause").sendKeys("250");
    browser.see("#bandwidth").sendKeys("50");
    browser.picture("migration-steer");
    browser.narrow();
    browser.assertFits("the limits");
    browser.picture("migration-steer-narrow");
    browser.noLongerNarrow();
    assertThat(now(migration).wishes().policy()).isEqualTo(PolicyParts.NONE);
    browser.click("#confirm");
    var _ = browser.see("#progress", "50.0 MiB/s");
    PolicyParts policy = now(migration).wishes().policy();
    assertThat(policy.maxPause()).contains(Duration.ofMillis(250));
    assertThat(policy.bytesPerSecond()).contains(50L << 20);
    assertThat(policy.deadline()).as("not named").isEmpty();
    browser.click("#steer");
    assertThat(browser.see("#max-pause").getDomProperty("value")).isEqualTo("250");
    browser.click("#cancel");
  }

  @Test
  void forces_a_migration_after_saying_what_that_means() {
    MigrationRecord migration = moving("forced");
    open("migrations/" + migration.id());
    browser.click("#force");
    assertThat(browser.read("dialog", "Force the migration of forced to its end"))
        .contains("stands still for longer");
    browser.picture("migration-force");
    browser.click("#cancel");
    assertThat(now(migration).wishes().forced()).isFalse();
    browser.click("#force");
    browser.click("#confirm");
    var _ = browser.see("#force", "Being forced");
    assertThat(now(migration).wishes().forced()).isTrue();
  }

  private static DrainRecord asked(HostName host, Purpose purpose, Goal goal, boolean dryRun) {
    Wishes none = Wishes.NONE;
    Wishes wishes =
        purpose == Purpose.EMPTY
            ? none
            : new Wishes(
                none.deadline(),
                none.limits(),
                none.sequence(),
                none.given(),
                none.onCannotMove(),
                none.targets(),
                Optional.of(goal));
    return DATABASE
        .drains()
        .request(new NewDrain(UUID.randomUUID(), host, purpose, wishes, dryRun), Samples.request());
  }

  private static Goal goal(@Nullable Double memory, @Nullable Double imbalance) {
    return new Goal(
        Optional.ofNullable(memory),
        Optional.empty(),
        Optional.ofNullable(imbalance),
        imbalance == null ? Optional.empty() : Optional.of(4));
  }

  private static Plan plan(String remark, ServerRecord... servers) {
    return new Plan(
        Instant.now(),
        Stream.of(servers)
            .map(server ->
                new PlannedMove(
                    server.id(),
                    Optional.of(TWO),
                    900L << 20,
                    Duration.ZERO,
                    Duration.ofSeconds(40),
                    Optional.of(Duration.ofMillis(60)),
                    ""))
            .toList(),
        Duration.ofSeconds(40),
        Duration.ofSeconds(40),
        "the last 5 migrations",
        List.of(remark));
  }

  private static void becomes(DrainRecord drain, State state, Plan plan, DrainServer... servers) {
    DrainRecord seen = DATABASE.drains().find(drain.id()).orElseThrow();
    assertThat(
            DATABASE
                .drains()
                .save(
                    seen,
                    new Progress(state, Optional.of(plan), Optional.empty(), List.of(servers))))
        .isTrue();
  }

  private static DrainServer moved(ServerRecord server, Leg leg, HostName from, HostName to) {
    return DrainServer.waiting(server.id(), leg, 0)
        .moving(from, to, new MigrationId(UUID.randomUUID()))
        .moved(to, Duration.ofSeconds(38), 880L << 20, Optional.of(Duration.ofMillis(45)));
  }

  @Test
  void brings_the_servers_of_a_drain_home() {
    ServerRecord server = active("commuter", TWO);
    DrainRecord drain = asked(THREE, Purpose.EMPTY, goal(null, null), false);
    Plan plan = plan("It is as foreseen.", server);
    becomes(drain, State.DRAINED, plan, moved(server, Leg.OUT, THREE, TWO));
    open("drains/" + drain.id());
    assertThat(browser.read("#report", "Report")).contains("Nothing is left on it.");
    browser.click("#return");
    assertThat(browser.read("dialog", "Bring the servers of host-3 home"))
        .contains("The host is opened", "the server that was moved comes back");
    browser.picture("drain-return");
    assertThat(DATABASE.drains().unfinished(THREE)).isEmpty();
    browser.click("#confirm");
    var _ = browser.see(".title .badge", "returning");
    assertThat(DATABASE.drains().unfinished(THREE)).isPresent();
    assertThat(browser.read(".bar-big")).contains("Servers that are home", "0 of 1");
    browser.click("#pause");
    assertThat(browser.read("dialog .says")).contains("Nothing new").doesNotContain("closed");
    browser.click("#cancel");
    becomes(drain, State.RETURNED, plan, moved(server, Leg.HOME, TWO, THREE));
    var _ = browser.see(".title .badge", "returned");
    assertThat(browser.read("#report", "Report")).contains("Its servers are home again.");
    assertThat(browser.has("#return")).isFalse();
    browser.pictures("drain-returned");
  }

  @Test
  @Tag("S140")
  void speaks_of_a_rebalance_as_one() {
    ServerRecord first = active("even-1", ONE);
    ServerRecord second = active("even-2", THREE);
    DrainRecord job = asked(ONE, Purpose.REBALANCE, goal(null, 0.05), false);
    Plan plan = plan("The imbalance is 0.310, and comes to 0.041 by 2 moves.", first, second);
    becomes(
        job,
        State.DRAINING,
        plan,
        moved(first, Leg.OUT, ONE, TWO),
        DrainServer.waiting(second.id(), Leg.OUT, 1));
    open("drains");
    assertThat(browser.read("tr", "Rebalance of the hosts")).contains("moving");
    browser.see("#drain-search").sendKeys("rebal");
    assertThat(browser.has("td .badge")).isTrue();
    browser.pictures("moves");
    open("drains/" + job.id());
    assertThat(browser.read(".title", "moving")).contains("Rebalance of the hosts");
    assertThat(browser.driver.getTitle()).isEqualTo("Rebalance of the hosts · Tern");
    assertThat(browser.read("#main", "even-2"))
        .contains("Servers that have moved", "1 of 2", "imbalance of at most 0.05", "4 moves")
        .contains("comes to 0.041")
        .doesNotContain("Drain of", "Deadline", "Who cannot move", "Still there");
    assertThat(browser.read("#drain-servers tr", "even-2")).contains("host-3");
    browser.pictures("rebalance");
    browser.click("#cancel-drain");
    assertThat(browser.read("dialog", "Cancel the rebalance")).doesNotContain("takes servers");
    browser.picture("rebalance-cancel");
    browser.click("#cancel");
    open("cluster");
    assertThat(browser.read("article[data-host=host-1]", "even-1"))
        .as("it takes servers as ever")
        .doesNotContain("draining");

    open("drains/" + job.id());
    var _ = browser.see(".title .badge", "moving");
    becomes(job, State.DRAINED, plan, moved(second, Leg.OUT, THREE, TWO));
    var _ = browser.see(".title .badge-good", "done");
    assertThat(browser.read("#report", "Report")).contains("All that was planned has moved.");
    assertThat(browser.has("#return")).as("it is not taken back").isFalse();
    browser.picture("rebalance-done");
  }

  @Test
  @Tag("S139")
  void speaks_of_a_relief_as_one_and_takes_it_back() {
    ServerRecord gone = active("lighter", TWO);
    ServerRecord stays = active("locked", ONE);
    DrainRecord job = asked(ONE, Purpose.RELIEVE, goal(0.8, null), false);
    becomes(
        job,
        State.INCOMPLETE,
        plan("91.0 % of the memory are claimed.", gone, stays),
        moved(gone, Leg.OUT, ONE, TWO),
        DrainServer.waiting(stays.id(), Leg.OUT, 1).in(ServerState.LEFT, "It is locked."));
    open("drains/" + job.id());
    assertThat(browser.read("#main", "Relief of host-1"))
        .contains("at most 80 % of the memory given", "Have not moved", "It is locked.");
    browser.pictures("relief");
    browser.click("#return");
    assertThat(browser.read("dialog", "Bring the servers of host-1 home"))
        .doesNotContain("is opened");
    browser.click("#confirm");
    var _ = browser.see(".title .badge", "returning");
    var _ = DATABASE.drains().order(job.id(), Order.CANCEL);
  }

  @Test
  void lists_mere_plans_when_they_are_asked_for() {
    ServerRecord server = active("planned", TWO);
    DrainRecord real = asked(TWO, Purpose.RELIEVE, goal(0.9, null), false);
    DrainRecord dry = asked(TWO, Purpose.EMPTY, goal(null, null), true);
    becomes(dry, State.PLANNED, plan("It is a plan.", server));
    open("drains");
    var _ = browser.see("td", "Relief of host-2");
    assertThat(browser.has("td a[href$='" + dry.id() + "']")).isFalse();
    browser.click("#plans");
    var _ = browser.see("td a[href$='" + dry.id() + "']", "Drain of host-2");
    browser.click("#plans");
    var _ =
        browser.waiting(
            "no plan", () -> browser.has("td a[href$='" + dry.id() + "']") ? null : Boolean.TRUE);
    open("drains/" + dry.id());
    assertThat(browser.read("#report", "Report"))
        .contains("This is a plan only")
        .doesNotContain("Nothing is left");
    assertThat(browser.read("#plan")).contains("1 of 1 servers move");
    browser.picture("drain-dry-run");
    var _ = DATABASE.drains().order(real.id(), Order.CANCEL);
  }

  @Test
  void foresees_with_what_the_guest_writes() {
    ServerRecord server = active("writer", ONE);
    api.agents.set((_, request, _) ->
        new Asked.Answered<>(
            new AgentAnswer.Done(
                switch (request) {
                  case DescribeSource _ -> Outlooks.guest();
                  case DescribeDisks _ -> Outlooks.disks();
                  default -> new ConsoleOutput("beat 1\n");
                })));
    api.answering.set((_, question, _) ->
        new Asked.Answered<>(
            question instanceof WatchWrites
                ? new WritesWatched(
                    Map.of(server.id(), new GuestWrites(Optional.of(7L << 20), "", 300L << 10)))
                : Outlooks.arrival()));
    api.choosing.set(
        (question, _) -> new Asked.Answered<>(Outlooks.planned((PlanHosts) question, TWO)));
    open("servers/" + server.id());
    browser.click("#migrate");
    assertThat(browser.read("#preflight", "It can move to host-2"))
        .contains("memory 7.0 MiB/s, disks 300 KiB/s", "Would converge", "The forecast rests on");
    browser.prefers("light");
    browser.picture("preflight-light");
    browser.prefers("dark");
    browser.picture("preflight-dark");
    browser.prefers("light");
    browser.narrow();
    browser.assertFits("the forecast");
    browser.picture("preflight-narrow");
    browser.noLongerNarrow();
    browser.click("#cancel");
  }
}
