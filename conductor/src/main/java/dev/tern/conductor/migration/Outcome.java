package dev.tern.conductor.migration;

import dev.tern.conductor.saga.Parked;
import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ImageId;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.agent.AgentResult.Arrived;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.store.DiskPlan;
import dev.tern.store.DiskPlan.PlannedDisk;
import dev.tern.store.ImageStore;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.Link;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.PauseParts;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.WatchedForecast.Load;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.event.Level;

/** What the database says of a migration, as it goes on and when it ends. */
public final class Outcome {
  static final String CONDUCTING = "conductor_live_migrate_instance";
  private static final String QUEUEING = "compute_live_migration";
  private static final String ARRIVING = "compute_post_live_migration_at_destination";

  private final Journey journey;
  private final MigrationStore migrations;
  private final ImageStore images;
  private final MigrationMeters meters;

  /** What this run is in, and since when; empty before it has entered one. */
  private Optional<Entered> entered = Optional.empty();

  private record Entered(Phase phase, Duration at, boolean whole) {}

  private final Foreseeing foreseeing;

  /** What is to move and how fast, once this run knows. */
  private Optional<Expected> expected = Optional.empty();

  /** Whether what was foreseen rests on what the guest writes. */
  private boolean watched;

  private record Expected(Load load, Link link) {}

  public Outcome(
      Journey journey,
      MigrationStore migrations,
      ImageStore images,
      MigrationMeters meters,
      Foreseeing foreseeing) {
    this.foreseeing = foreseeing;
    this.journey = journey;
    this.migrations = migrations;
    this.images = images;
    this.meters = meters;
  }

  private Lease lease() {
    return journey.hold().lease();
  }

  private MigrationId id() {
    return journey.migration().id();
  }

  void entered(Phase phase) {
    left(phase);
    switch (phase) {
      case BEGIN -> foreseeing.watch();
      case PREPARE -> {
        migrations.entered(lease(), id(), MigrationStatus.PREPARING, phase);
        foreseeing.watch();
      }
      case PERFORM -> {
        foreseeAnew();
        migrations.entered(lease(), id(), MigrationStatus.RUNNING, phase);
      }
      case FINISH, CONFIRM -> migrations.entered(lease(), id(), MigrationStatus.RUNNING, phase);
    }
  }

  private void left(Phase next) {
    leave();
    // A run that goes on in the middle of a phase does not know when that began.
    boolean whole = entered.isPresent() || next == Phase.BEGIN;
    entered = Optional.of(new Entered(next, journey.ticker().now(), whole));
  }

  private void leave() {
    entered
        .filter(Entered::whole)
        .ifPresent(now -> meters.phase(now.phase(), journey.ticker().now().minus(now.at())));
  }

  void inDoubt(boolean inDoubt, String why) {
    migrations.inDoubt(lease(), id(), inDoubt, why);
  }

  /** All checks passed; who waits for them is answered. */
  MigrationFacts planned(MigrationFacts facts) {
    Candidate destination = facts.destination();
    DiskPlan plan = disks(facts);
    plan.disks().forEach(this::log);
    migrations.disksPlanned(lease(), id(), plan);
    migrations.planned(lease(), id(), destination.host(), destination.claim(), plan.bytesToSend());
    Expected now = expected(facts, plan.bytesToSend());
    migrations.foreseen(lease(), id(), foreseeing.of(now.load(), now.link()).forecast());
    watched = foreseeing.writes().isPresent();
    expected = Optional.of(now);
    migrations.entered(lease(), id(), MigrationStatus.QUEUED, Phase.BEGIN);
    journey.events().ended(CONDUCTING);
    return facts.checksPassed();
  }

  private DiskPlan disks(MigrationFacts facts) {
    return DiskPlanning.of(facts.described(), facts.destination().check(), this::canBeFetched);
  }

  private boolean canBeFetched(ImageId image) {
    return images.find(image).filter(found -> found.status() == ImageStatus.ACTIVE).isPresent();
  }

  private void log(PlannedDisk disk) {
    journey
        .log()
        .at(Level.INFO)
        .addKeyValue("disk", disk.id())
        .addKeyValue("copy", disk.copy())
        .addKeyValue("bytes", disk.bytesToSend())
        .log("disk planned");
  }

  private Expected expected(MigrationFacts facts, long diskBytes) {
    SourceFacts guest = facts.described();
    long limit =
        new Policy(journey.settings(), guest).of(journey.migration().wishes()).bytesPerSecond();
    return new Expected(
        new Load(diskBytes, guest.memoryMib() << 20),
        foreseeing.link(
            facts.destination().host(), limit == 0 ? Optional.empty() : Optional.of(limit)));
  }

  /** Its guest has been watched since the plan was made, and nothing has moved yet. */
  private void foreseeAnew() {
    if (!watched && foreseeing.writes().isPresent()) {
      expected.ifPresent(now ->
          migrations.foreseen(
              lease(), id(), foreseeing.of(now.load(), now.link().withoutAside()).forecast()));
    }
  }

  /**
   * In status queued, until it is its turn; whoever has to wait is run by nobody, and woken then.
   */
  MigrationFacts awaitTurn(MigrationFacts facts) throws StepFailed, InterruptedException {
    return journey
        .events()
        .during(
            QUEUEING,
            journey.source(),
            () -> {
              if (!migrations.takeTurn(id(), journey.settings().atOnce())) {
                throw new Parked();
              }
              if (expected.isEmpty()) {
                expected = Optional.of(expected(facts, disks(facts).bytesToSend()));
              }
              return facts;
            });
  }

  MigrationFacts changeOwner(MigrationFacts facts) throws StepFailed, InterruptedException {
    return journey
        .events()
        .during(
            ARRIVING,
            facts.destination().host(),
            () -> {
              // Before the end, after which no figure changes any more.
              facts
                  .handedOver()
                  .flatMap(HandedOver::moved)
                  .filter(moved -> moved.migration().equals(id()))
                  .ifPresent(migrations::progress);
              migrations.ownerChanged(lease(), id(), pause(facts));
              journey
                  .log()
                  .at(Level.INFO)
                  .addKeyValue("host", facts.destination().host())
                  .log("the guest has a new owner");
              return facts;
            });
  }

  private static PauseParts pause(MigrationFacts facts) {
    return PauseSplit.of(
        facts.handedOver().flatMap(HandedOver::stamps),
        facts.arrived().flatMap(Arrived::stamps),
        facts.guest().map(SourceFacts::paused).orElse(false));
  }

  void completed(MigrationFacts facts) {
    if (facts.lost()) {
      lost(facts.failure().orElseThrow(), LastMemory.FAULT);
      return;
    }
    migrations.completed(lease(), id());
    leave();
    lastWord("migration completed", Level.INFO, Optional.empty());
  }

  /** It ended with the guest at its source, or with the guest dead. */
  void rolledBack(MigrationFacts facts) {
    Failure failure =
        facts
            .failure()
            .orElseGet(() -> new Failure(ErrorCode.UNEXPECTED, "The migration was taken back."));
    if (!facts.planned()) {
      journey.events().failed(CONDUCTING, failure.message());
    }
    if (journey.fencing().reliedOn(journey.source())) {
      lostWithItsSource(failure);
      return;
    }
    if (facts.lost()) {
      lost(failure, failure);
      return;
    }
    migrations.rolledBack(lease(), id(), endedAs(facts, failure), failure);
    lastWord("migration taken back", Level.INFO, Optional.of(failure));
  }

  private void lostWithItsSource(Failure failure) {
    Optional<String> kept = journey.fencing().kept();
    String copy =
        kept.map(directory ->
                " What had come of its disks is kept in %s of the destination, and may be the last copy."
                    .formatted(directory))
            .orElse("");
    Failure lost =
        new Failure(
            ErrorCode.HYPERVISOR_FAILED,
            "The guest was given up with its source: %s. %s%s"
                .formatted(journey.fencing().statement(), sentence(failure.message()), copy));
    // Whose server it is sees no hosts.
    Failure fault =
        new Failure(
            ErrorCode.HYPERVISOR_FAILED,
            "The server's host was lost while the server was being moved away from it, and its memory with it. Its disks were on that host.%s Ask an operator, who sees more at migration %s."
                .formatted(
                    kept.isPresent() ? " A copy, which may be incomplete, is kept elsewhere." : "",
                    id()));
    migrations.guestLost(lease(), id(), lost, fault);
    lastWord("the guest was lost with its host", Level.ERROR, Optional.of(lost));
  }

  private static String sentence(String text) {
    return text.endsWith(".") ? text : text + ".";
  }

  private void lost(Failure failure, Failure fault) {
    migrations.guestLost(lease(), id(), failure, fault);
    lastWord("the guest was lost", Level.ERROR, Optional.of(failure));
  }

  private static MigrationStatus endedAs(MigrationFacts facts, Failure failure) {
    if (failure.code() == ErrorCode.MIGRATION_CANCELLED) {
      return MigrationStatus.CANCELLED;
    }
    return facts.planned() ? MigrationStatus.FAILED : MigrationStatus.ERROR;
  }

  private void lastWord(String message, Level level, Optional<Failure> failure) {
    Optional<MigrationRecord> ended = migrations.find(id());
    ended.ifPresent(meters::ended);
    journey
        .log()
        .at(level)
        .addKeyValue("status", ended.map(now -> now.status().wire()).orElse("-"))
        .addKeyValue("source", journey.source())
        .addKeyValue(
            "destination",
            ended.flatMap(MigrationRecord::destination).map(Object::toString).orElse("-"))
        .addKeyValue("total", ended.flatMap(Outcome::total).map(Duration::toString).orElse("-"))
        .addKeyValue("diskBytes", ended.map(MigrationRecord::diskProcessed).orElse(0L))
        .addKeyValue("memoryBytes", ended.map(MigrationRecord::memoryProcessed).orElse(0L))
        .addKeyValue(
            "pause", ended.flatMap(MigrationRecord::pause).map(Duration::toString).orElse("-"))
        .addKeyValue("reason", failure.map(Failure::message).orElse("-"))
        .log(message);
  }

  private static Optional<Duration> total(MigrationRecord migration) {
    return migration.endedAt().map(end -> Duration.between(migration.createdAt(), end));
  }
}
