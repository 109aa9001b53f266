package dev.tern.conductor.running;

import dev.tern.conductor.ConductorSettings;
import dev.tern.conductor.asking.Agents;
import dev.tern.conductor.asking.Asking;
import dev.tern.conductor.asking.Schedulers;
import dev.tern.conductor.cold.ColdFacts;
import dev.tern.conductor.cold.ColdJourney;
import dev.tern.conductor.cold.ColdMigrationSaga;
import dev.tern.conductor.cold.ColdOutcome;
import dev.tern.conductor.cold.NewHost;
import dev.tern.conductor.cold.OldHost;
import dev.tern.conductor.disk.CopySaga;
import dev.tern.conductor.disk.CopyWatch;
import dev.tern.conductor.disk.DiskFacts;
import dev.tern.conductor.disk.DiskHost;
import dev.tern.conductor.disk.DiskOutcome;
import dev.tern.conductor.disk.DiskWork;
import dev.tern.conductor.disk.ImageSaga;
import dev.tern.conductor.disk.SnapshotSaga;
import dev.tern.conductor.evacuation.DeadHost;
import dev.tern.conductor.evacuation.EvacuationFacts;
import dev.tern.conductor.evacuation.EvacuationOutcome;
import dev.tern.conductor.evacuation.EvacuationSaga;
import dev.tern.conductor.evacuation.NewHome;
import dev.tern.conductor.migration.ActionEvents;
import dev.tern.conductor.migration.Choice;
import dev.tern.conductor.migration.Console;
import dev.tern.conductor.migration.Destination;
import dev.tern.conductor.migration.Fencing;
import dev.tern.conductor.migration.Foreseeing;
import dev.tern.conductor.migration.GuestOwner;
import dev.tern.conductor.migration.Journey;
import dev.tern.conductor.migration.Layers;
import dev.tern.conductor.migration.LiveMigrationSaga;
import dev.tern.conductor.migration.MigrationFacts;
import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.conductor.migration.Outcome;
import dev.tern.conductor.migration.Source;
import dev.tern.conductor.migration.Steering;
import dev.tern.conductor.saga.Bell;
import dev.tern.conductor.saga.Hold;
import dev.tern.conductor.saga.Journal;
import dev.tern.conductor.saga.Saga;
import dev.tern.conductor.saga.SagaEngine;
import dev.tern.conductor.saga.SagaFacts;
import dev.tern.conductor.saga.SagaLog;
import dev.tern.conductor.server.BootSaga;
import dev.tern.conductor.server.DeleteSaga;
import dev.tern.conductor.server.GuestHost;
import dev.tern.conductor.server.PauseSaga;
import dev.tern.conductor.server.Placement;
import dev.tern.conductor.server.RebootSaga;
import dev.tern.conductor.server.RootDisk;
import dev.tern.conductor.server.ServerFacts;
import dev.tern.conductor.server.ServerOutcome;
import dev.tern.conductor.server.StartSaga;
import dev.tern.conductor.server.StopSaga;
import dev.tern.conductor.server.SuspendSaga;
import dev.tern.conductor.server.Work;
import dev.tern.conductor.volume.AttachSaga;
import dev.tern.conductor.volume.DetachSaga;
import dev.tern.conductor.volume.VolumeFacts;
import dev.tern.conductor.volume.VolumeHost;
import dev.tern.conductor.volume.VolumeOutcome;
import dev.tern.conductor.volume.VolumeWork;
import dev.tern.contract.PowerState;
import dev.tern.contract.tracing.Traced;
import dev.tern.contract.tracing.Tracing;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.DiskCopyStore.CopyRecord;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.SagaStore.SagaRecord;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.VolumeStore.VolumeRecord;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.spi.LoggingEventBuilder;

/** Puts the actors of a story together and lets it run. */
public final class Sagas implements SagaRunner.Teller {
  private final Stores stores;
  private final Agents agents;
  private final Schedulers schedulers;
  private final Time time;
  private final ConductorSettings settings;
  private final MigrationMeters meters;
  private final Foreseeing.By foreseeing;
  private final Tracing tracing;

  /** Tells stories without traces, of guests that nobody watches. */
  public Sagas(
      Stores stores,
      Agents agents,
      Schedulers schedulers,
      Time time,
      ConductorSettings settings,
      MigrationMeters meters) {
    this(stores, agents, schedulers, time, settings, meters, Foreseeing.By.NOBODY, Tracing.OFF);
  }

  public Sagas(
      Stores stores,
      Agents agents,
      Schedulers schedulers,
      Time time,
      ConductorSettings settings,
      MigrationMeters meters,
      Foreseeing.By foreseeing,
      Tracing tracing) {
    this.foreseeing = foreseeing;
    this.tracing = tracing;
    this.stores = stores;
    this.agents = agents;
    this.schedulers = schedulers;
    this.time = time;
    this.settings = settings;
    this.meters = meters;
  }

  @Override
  public void run(SagaRecord saga, Bell bell) throws InterruptedException {
    String name = saga.kind().name().toLowerCase(Locale.ROOT).replace('_', '-');
    try (Traced _ =
        tracing
            .work(saga.request(), name)
            .with("server", saga.server())
            .with("migration", saga.migration().map(Object::toString).orElse("-"))
            .with("goes on", saga.position().isPresent())) {
      tell(saga, bell);
    }
  }

  private void tell(SagaRecord saga, Bell bell) throws InterruptedException {
    switch (saga.kind()) {
      case LIVE_MIGRATION -> runMigration(saga, bell);
      case BOOT, START, STOP, REBOOT, HARD_REBOOT, PAUSE, UNPAUSE, SUSPEND, RESUME, DELETE ->
          runServer(saga, bell);
      case DISK_COPY, DISK_SNAPSHOT, CREATE_IMAGE -> runDisk(saga, bell);
      case VOLUME_ATTACH, VOLUME_DETACH -> runVolume(saga, bell);
      case EVACUATE -> runEvacuation(saga, bell);
      case COLD_MIGRATION, CONFIRM_RESIZE, REVERT_RESIZE -> runCold(saga, bell);
    }
  }

  private void runMigration(SagaRecord saga, Bell bell) throws InterruptedException {
    SagaLog log = new SagaLog(saga, time.ticker(), line -> howFar(saga, line), tracing);
    Hold hold = hold(saga, log, bell);
    Saga<MigrationFacts> story = migration(saga, hold, log);
    MigrationFacts facts =
        saga.position().isEmpty()
            ? MigrationFacts.none()
            : FactsJson.read(MigrationFacts.class, saga.facts());
    engine(story, saga, hold, log).run(saga.position(), facts);
  }

  private Saga<MigrationFacts> migration(SagaRecord saga, Hold hold, SagaLog log) {
    MigrationRecord migration =
        saga.migration()
            .flatMap(stores.migrations()::find)
            .orElseThrow(() -> new IllegalStateException("a migration's saga without migration"));
    if (saga.position().isEmpty()) {
      // From the request's commit: through the outbox, the broker, and to a place here.
      tracing.past(saga.request(), "outbox", migration.createdAt(), time.clock().instant());
    }
    Journey journey =
        new Journey(
            migration,
            saga.request(),
            asking(hold),
            hold,
            new ActionEvents(stores.actions(), saga.server(), saga.request()),
            log,
            time.ticker(),
            time.pause(),
            settings.migration(),
            new Fencing(stores.fences(), migration.id(), hold, log));
    Steering steering = new Steering(journey, stores.migrations());
    return LiveMigrationSaga.of(
        new Source(journey, stores.hosts(), settings.hostDownAfter(), time.asking(), steering),
        new Choice(journey, stores.claims()),
        new Destination(journey, steering),
        new Layers(journey),
        new Console(journey),
        new GuestOwner(journey, time.clock()),
        new Outcome(
            journey,
            stores.migrations(),
            stores.images(),
            meters,
            new Foreseeing(
                foreseeing, stores.migrations(), migration.source(), migration.server())));
  }

  private void runServer(SagaRecord saga, Bell bell) throws InterruptedException {
    SagaLog log = new SagaLog(saga, time.ticker(), line -> line, tracing);
    Hold hold = hold(saga, log, bell);
    ServerRecord server = serverOf(saga);
    Saga<ServerFacts> story = story(saga, server, hold, log);
    ServerFacts facts =
        saga.position().isEmpty()
            ? ServerFacts.at(server.host())
            : FactsJson.read(ServerFacts.class, saga.facts());
    engine(story, saga, hold, log).run(saga.position(), facts);
  }

  private Saga<ServerFacts> story(SagaRecord saga, ServerRecord server, Hold hold, SagaLog log) {
    Work work = new Work(server, saga.request(), asking(hold), hold, log, settings.server());
    RootDisk rootDisk = new RootDisk(stores.images(), stores.aggregates());
    GuestHost host = new GuestHost(work, stores.claims(), stores.actions(), rootDisk);
    ServerOutcome outcome = new ServerOutcome(work, stores.servers());
    return switch (saga.kind()) {
      case BOOT -> BootSaga.of(new Placement(work, stores.claims(), rootDisk), host, outcome);
      case START -> StartSaga.of(host, outcome);
      case STOP -> StopSaga.of(host, outcome);
      case REBOOT -> RebootSaga.soft(host, outcome);
      case HARD_REBOOT -> RebootSaga.hard(host, outcome);
      case PAUSE -> PauseSaga.pause(host, outcome);
      case UNPAUSE -> PauseSaga.unpause(host, outcome);
      case SUSPEND -> SuspendSaga.suspend(host, outcome);
      case RESUME -> SuspendSaga.resume(host, outcome);
      case DELETE -> DeleteSaga.of(host, outcome);
      case LIVE_MIGRATION,
          DISK_COPY,
          DISK_SNAPSHOT,
          CREATE_IMAGE,
          VOLUME_ATTACH,
          VOLUME_DETACH,
          EVACUATE,
          COLD_MIGRATION,
          CONFIRM_RESIZE,
          REVERT_RESIZE ->
          throw new IllegalStateException("%s has a story of its own".formatted(saga.kind()));
    };
  }

  private void runDisk(SagaRecord saga, Bell bell) throws InterruptedException {
    SagaLog log = new SagaLog(saga, time.ticker(), line -> line, tracing);
    Hold hold = hold(saga, log, bell);
    ServerRecord server = serverOf(saga);
    CopyRecord copy =
        stores
            .copies()
            .ofSaga(saga.id())
            .orElseThrow(() -> new IllegalStateException("a disk's saga without its copy"));
    DiskWork work =
        new DiskWork(
            server,
            copy,
            saga.request(),
            asking(hold),
            hold,
            time.ticker(),
            time.pause(),
            log,
            settings.server());
    DiskFacts facts =
        saga.position().isEmpty()
            ? DiskFacts.at(
                server.host().orElseThrow(() -> new IllegalStateException("a disk without a host")))
            : FactsJson.read(DiskFacts.class, saga.facts());
    engine(disk(saga.kind(), work), saga, hold, log).run(saga.position(), facts);
  }

  private Saga<DiskFacts> disk(SagaKind kind, DiskWork work) {
    DiskHost host = new DiskHost(work);
    CopyWatch watch = new CopyWatch(work, stores.copies());
    DiskOutcome outcome = new DiskOutcome(work, stores.copies());
    return switch (kind) {
      case DISK_COPY -> CopySaga.of(host, watch, outcome);
      case DISK_SNAPSHOT -> SnapshotSaga.of(host, outcome);
      case CREATE_IMAGE -> ImageSaga.of(host, watch, outcome);
      case BOOT,
          START,
          STOP,
          REBOOT,
          HARD_REBOOT,
          PAUSE,
          UNPAUSE,
          SUSPEND,
          RESUME,
          DELETE,
          LIVE_MIGRATION,
          VOLUME_ATTACH,
          VOLUME_DETACH,
          EVACUATE,
          COLD_MIGRATION,
          CONFIRM_RESIZE,
          REVERT_RESIZE ->
          throw new IllegalStateException("%s is not about a disk".formatted(kind));
    };
  }

  private void runVolume(SagaRecord saga, Bell bell) throws InterruptedException {
    SagaLog log = new SagaLog(saga, time.ticker(), line -> line, tracing);
    Hold hold = hold(saga, log, bell);
    ServerRecord server = serverOf(saga);
    VolumeRecord volume =
        stores
            .volumes()
            .ofSaga(saga.id())
            .orElseThrow(() -> new IllegalStateException("a volume's saga without its volume"));
    VolumeWork work = new VolumeWork(server, volume, saga.request(), asking(hold), hold, log);
    VolumeFacts facts =
        saga.position().isEmpty()
            ? VolumeFacts.at(
                server
                    .host()
                    .orElseThrow(() -> new IllegalStateException("a volume without a host")))
            : FactsJson.read(VolumeFacts.class, saga.facts());
    VolumeHost host = new VolumeHost(work);
    VolumeOutcome outcome = new VolumeOutcome(work, stores.volumes());
    Saga<VolumeFacts> story =
        saga.kind() == SagaKind.VOLUME_ATTACH
            ? AttachSaga.of(host, outcome)
            : DetachSaga.of(host, outcome);
    engine(story, saga, hold, log).run(saga.position(), facts);
  }

  private void runEvacuation(SagaRecord saga, Bell bell) throws InterruptedException {
    SagaLog log = new SagaLog(saga, time.ticker(), line -> line, tracing);
    Hold hold = hold(saga, log, bell);
    EvacuationRecord evacuation =
        stores
            .evacuations()
            .ofSaga(saga.id())
            .orElseThrow(() -> new IllegalStateException("an evacuation's saga without it"));
    dev.tern.conductor.evacuation.Journey journey =
        new dev.tern.conductor.evacuation.Journey(
            evacuation, serverOf(saga), asking(hold), hold, log, settings.server());
    NewHome home =
        new NewHome(
            journey,
            new NewHome.Stocks(
                stores.evacuations(), stores.claims(), stores.volumes(), stores.actions()),
            new RootDisk(stores.images(), stores.aggregates()));
    Saga<EvacuationFacts> story =
        EvacuationSaga.of(
            new DeadHost(journey),
            home,
            new EvacuationOutcome(journey, stores.evacuations(), meters));
    EvacuationFacts facts =
        saga.position().isEmpty()
            ? EvacuationFacts.none()
            : FactsJson.read(EvacuationFacts.class, saga.facts());
    engine(story, saga, hold, log).run(saga.position(), facts);
  }

  private void runCold(SagaRecord saga, Bell bell) throws InterruptedException {
    SagaLog log = new SagaLog(saga, time.ticker(), line -> line, tracing);
    Hold hold = hold(saga, log, bell);
    ServerRecord server = serverOf(saga);
    ColdMigrationRecord migration =
        stores
            .coldMigrations()
            .open(saga.server())
            .orElseThrow(() -> new IllegalStateException("a cold migration's saga without it"));
    ColdJourney journey =
        new ColdJourney(
            migration,
            saga.request(),
            asking(hold),
            hold,
            log,
            stores.hosts(),
            stores.actions(),
            settings.server(),
            settings.migration(),
            settings.hostDownAfter(),
            time.ticker());
    OldHost source = new OldHost(journey, stores.coldMigrations());
    NewHost destination = new NewHost(journey, stores.coldMigrations(), stores.claims());
    ColdOutcome outcome = new ColdOutcome(journey, stores.coldMigrations());
    ColdFacts begun =
        saga.kind() == SagaKind.COLD_MIGRATION
            ? ColdFacts.of(migration.epoch(), migration.ran(), Optional.empty())
            : ColdFacts.of(
                server.epoch(), server.power() == PowerState.RUNNING, migration.destination());
    Saga<ColdFacts> story =
        switch (saga.kind()) {
          case CONFIRM_RESIZE -> ColdMigrationSaga.confirmed(source, destination, outcome);
          case REVERT_RESIZE ->
              ColdMigrationSaga.reverted(source, destination, outcome, journey.stayed());
          default -> ColdMigrationSaga.of(source, destination, outcome);
        };
    engine(story, saga, hold, log)
        .run(
            saga.position(),
            saga.position().isEmpty() ? begun : FactsJson.read(ColdFacts.class, saga.facts()));
  }

  private ServerRecord serverOf(SagaRecord saga) {
    return stores
        .servers()
        .find(saga.server())
        .orElseThrow(() -> new IllegalStateException("a saga without its server"));
  }

  private Hold hold(SagaRecord saga, SagaLog log, Bell bell) {
    return new Hold(stores.sagas(), saga.lease(), time.ticker(), log::goesOn, bell);
  }

  private LoggingEventBuilder howFar(SagaRecord saga, LoggingEventBuilder line) {
    return saga.migration()
        .flatMap(stores.migrations()::find)
        .map(migration ->
            line.addKeyValue("diskBytes", migration.diskProcessed())
                .addKeyValue("diskRemaining", migration.diskRemaining())
                .addKeyValue("memoryBytes", migration.memoryProcessed())
                .addKeyValue("memoryRemaining", migration.memoryRemaining()))
        .orElse(line);
  }

  private Asking asking(Hold hold) {
    return new Asking(agents, schedulers, hold, time.asking(), time.ticker());
  }

  private <F extends SagaFacts<F>> SagaEngine<F> engine(
      Saga<F> story, SagaRecord saga, Hold hold, SagaLog log) {
    return new SagaEngine<>(
        story,
        new Journal<>(stores.sagas(), saga.lease(), FactsJson::write, time.clock()),
        hold,
        time.repeating(),
        time.ticker(),
        settings.migration().doubtAfter(),
        log);
  }
}
