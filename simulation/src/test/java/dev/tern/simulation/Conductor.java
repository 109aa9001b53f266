package dev.tern.simulation;

import dev.tern.conductor.ConductorSettings;
import dev.tern.conductor.asking.Agents;
import dev.tern.conductor.asking.Schedulers;
import dev.tern.conductor.migration.FencedHosts;
import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.conductor.migration.MigrationSettings;
import dev.tern.conductor.reports.ProgressReports;
import dev.tern.conductor.reports.ReceiptCollection;
import dev.tern.conductor.reports.Reports;
import dev.tern.conductor.running.SagaRunner;
import dev.tern.conductor.running.Sagas;
import dev.tern.conductor.running.Stores;
import dev.tern.conductor.running.Time;
import dev.tern.conductor.server.ServerSettings;
import dev.tern.contract.Rounds;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.Compression;
import dev.tern.store.ReceiptStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One conductor process, killed and started again. */
final class Conductor {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration SWEEP = Duration.ofSeconds(5);

  private final String name;
  private final Turns turns;
  private final RandomGenerator random;
  private final Database database;
  private final Net net;
  private final Agents agents;
  private final Schedulers schedulers;
  private final Plan.Memory memory;
  private Party party;
  private @Nullable Life life;

  /** What a running one has. */
  private record Life(
      SagaRunner runner, Reports reports, ReceiptCollection receipts, ProgressReports progress) {}

  Conductor(
      String name,
      Turns turns,
      RandomGenerator random,
      Database database,
      Net net,
      Agents agents,
      Schedulers schedulers,
      Plan.Memory memory) {
    this.name = name;
    this.turns = turns;
    this.random = random;
    this.database = database;
    this.net = net;
    this.agents = agents;
    this.schedulers = schedulers;
    this.memory = memory;
    this.party = new Party(turns, name);
  }

  boolean up() {
    return life != null && !party.dead();
  }

  boolean is(Party other) {
    return party.equals(other);
  }

  /** As SIGKILL would; another one starts some time later. */
  void die() {
    if (party.dead()) {
      return;
    }
    turns.tell(name + " dies");
    party.die();
    life = null;
    turns.after(Duration.ofMillis(1L << random.nextInt(16)), this::start);
  }

  void start() {
    party = new Party(turns, name);
    party.start("starts", this::live);
  }

  private void live() {
    Stores stores = database.watched();
    SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    SagaRunner runner =
        new SagaRunner(
            stores.sagas(),
            new Sagas(
                stores,
                agents,
                schedulers,
                new Time(turns::instant, turns::now, turns::pause, random),
                settings(),
                new MigrationMeters(metrics)),
            name,
            settings().lease(),
            4);
    ReceiptStore receipts = database.watched(ReceiptStore.class, database.stores().receipts());
    life =
        new Life(
            runner,
            new Reports(
                stores.hosts(),
                stores.servers(),
                agents,
                () -> new UUID(random.nextLong(), random.nextLong())),
            new ReceiptCollection(
                stores.migrations(), receipts, stores.servers(), stores.hosts(), net::ask),
            new ProgressReports(stores.migrations(), turns::now, metrics));
    turns.tell(name + " is up");
    new Rounds("sweep", runner::sweep, turns::pause, SWEEP).start();
    FencedHosts fenced =
        new FencedHosts(stores.fences(), stores.hosts(), stores.servers(), agents, settings());
    new Rounds("fenced", fenced::look, turns::pause, SWEEP).start();
  }

  /** The message that wakes one saga. */
  void wake(UUID saga) {
    handle("is woken", () -> life().runner().wake(saga));
  }

  void take(HostReport report) {
    handle(
        "takes a report",
        () -> {
          life().reports().host(report);
          life().receipts().collect(report);
        });
  }

  void take(MigrationProgress progress) {
    handle("takes progress", () -> life().progress().take(progress));
  }

  private Life life() {
    Life now = life;
    if (now == null) {
      throw new IllegalStateException(name + " is dead");
    }
    return now;
  }

  private void handle(String what, Runnable work) {
    if (up()) {
      party.start(
          what,
          () -> {
            try {
              work.run();
            } catch (Database.Unreachable _) {
              turns.tell(name + " loses a message that may be lost");
            }
          });
    }
  }

  private ConductorSettings settings() {
    return new ConductorSettings(
        name,
        4,
        Duration.ofSeconds(30),
        SWEEP,
        SECOND,
        SECOND,
        Duration.ofSeconds(60),
        new MigrationSettings(
            4,
            4,
            0,
            Duration.ofMillis(100),
            0,
            Duration.ofSeconds(800),
            memory == Plan.Memory.POST_COPY ? AtDeadline.POST_COPY : AtDeadline.ABORT,
            memory != Plan.Memory.PRE_COPY,
            true,
            0,
            Compression.NONE,
            Duration.ofSeconds(20),
            Duration.ofSeconds(60),
            Duration.ofMinutes(30),
            Duration.ofSeconds(30),
            Duration.ofSeconds(10),
            false),
        new ServerSettings(
            Duration.ofSeconds(30), Duration.ofMinutes(30), Duration.ofSeconds(60), false));
  }
}
