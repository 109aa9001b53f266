package dev.tern.conductor.drain;

import dev.tern.conductor.asking.Schedulers;
import dev.tern.conductor.drain.Deciding.Decision;
import dev.tern.conductor.drain.Deciding.Start;
import dev.tern.contract.ComputeException;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore;
import dev.tern.store.DrainStore.Begun;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Limits;
import dev.tern.store.DrainStore.Most;
import dev.tern.store.DrainStore.Progress;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after all drains there are. It keeps nothing between two looks: whatever a look does is
 * written by transactions that hold only for the state which it has seen, so it may break off
 * anywhere, and may run in many conductors.
 */
public final class Drains {
  private static final Logger log = LoggerFactory.getLogger(Drains.class);
  private static final int AT_ONCE = 100;

  private final DrainFacts.Sources sources;
  private final Finding finding;
  private final DrainSettings settings;
  private final InstantSource clock;
  private final Supplier<UUID> newIds;

  public Drains(
      DrainFacts.Sources sources,
      Schedulers schedulers,
      DrainSettings settings,
      InstantSource clock,
      Supplier<UUID> newIds) {
    this.sources = sources;
    this.finding = new Finding(schedulers, newIds);
    this.settings = settings;
    this.clock = clock;
    this.newIds = newIds;
  }

  /** One look at each. One that fails holds up no other. */
  public void look() throws InterruptedException {
    for (DrainRecord drain : sources.drains().open(AT_ONCE)) {
      try {
        look(drain);
      } catch (ComputeException e) {
        log.atInfo()
            .addKeyValue("drain", drain.id())
            .addKeyValue("reason", e.explanation())
            .log("a drain waits for its next look");
      }
    }
  }

  /** Dry runs that nobody looks at any more. */
  public void forgetDryRuns() {
    int forgotten = sources.drains().forgetDryRuns(settings.keepDryRuns());
    if (forgotten > 0) {
      log.atInfo().addKeyValue("count", forgotten).log("old dry runs are forgotten");
    }
  }

  private void look(DrainRecord drain) throws InterruptedException {
    DrainStore drains = sources.drains();
    Decision decision =
        new Deciding(
                drain,
                drains.servers(drain.id()),
                new DrainFacts(sources, drain),
                finding,
                settings,
                () -> new MigrationId(newIds.get()),
                clock.instant())
            .decide();
    if (decision.progress().isPresent()) {
      if (!drains.save(drain, decision.progress().get())) {
        return; // Somebody has changed it meanwhile; the next look sees how.
      }
      told(drain, decision.progress().get());
    }
    decision.aborts().forEach(migration -> abort(drain, migration));
    decision.confirms().forEach(server -> confirm(drain, server));
    decision.stops().forEach(server -> stop(drain, server));
    if (!decision.starts().isEmpty()) {
      begin(drain, decision.starts());
    }
  }

  private static void told(DrainRecord drain, Progress progress) {
    if (progress.state() != drain.state()) {
      log.atInfo()
          .addKeyValue("drain", drain.id())
          .addKeyValue("host", drain.host())
          .addKeyValue("state", progress.state())
          .log("drain goes on");
    }
  }

  private void abort(DrainRecord drain, MigrationRecord migration) {
    try {
      sources.migrations().requestAbort(migration.server(), migration.number(), by(drain));
    } catch (ComputeException e) {
      log.atInfo()
          .addKeyValue("drain", drain.id())
          .addKeyValue("migration", migration.id())
          .addKeyValue("reason", e.explanation())
          .log("a migration goes on to its end");
    }
  }

  private void confirm(DrainRecord drain, ServerId server) {
    try {
      ColdMigrationRecord _ = sources.coldMigrations().requestConfirm(server, by(drain));
    } catch (ComputeException e) {
      log.atInfo()
          .addKeyValue("drain", drain.id())
          .addKeyValue("server", server)
          .addKeyValue("reason", e.explanation())
          .log("a cold migration is not confirmed now");
    }
  }

  private void stop(DrainRecord drain, ServerId server) {
    try {
      ServerRecord _ = sources.servers().requestStop(server, by(drain));
    } catch (ComputeException e) {
      log.atInfo()
          .addKeyValue("drain", drain.id())
          .addKeyValue("server", server)
          .addKeyValue("reason", e.explanation())
          .log("a server cannot be stopped now");
    }
  }

  /** A request of its own for each: one request is one action of a server. */
  private Requested by(DrainRecord drain) {
    return new Requested(RequestId.of(newIds.get()), drain.user(), drain.project());
  }

  private void begin(DrainRecord decidedFor, List<Start> starts) {
    for (Start start : starts) {
      Optional<DrainRecord> seen =
          sources.drains().find(decidedFor.id()).filter(now -> stillSo(now, decidedFor));
      if (seen.isEmpty() || begin(seen.get(), start) == Begun.STALE) {
        return;
      }
    }
  }

  private static boolean stillSo(DrainRecord now, DrainRecord decidedFor) {
    return now.state() == decidedFor.state()
        && !now.paused()
        && now.wishes().equals(decidedFor.wishes());
  }

  private Begun begin(DrainRecord seen, Start start) {
    Optional<HostName> from =
        sources.servers().find(start.row().server()).flatMap(ServerRecord::host);
    if (from.isEmpty() || from.get().equals(start.target())) {
      return Begun.LIMITED;
    }
    DrainServer moving = start.row().moving(from.get(), start.target(), start.migration());
    try {
      Begun begun = moving.cold() ? cold(seen, moving, start) : live(seen, moving, start);
      if (begun == Begun.YES) {
        log.atInfo()
            .addKeyValue("drain", seen.id())
            .addKeyValue("server", start.row().server())
            .addKeyValue("migration", start.migration())
            .addKeyValue("host", start.target())
            .addKeyValue("cold", moving.cold())
            .log("a drain migrates a server");
      }
      return begun;
    } catch (ComputeException e) {
      // Whatever it is busy with is looked at again; it has moved nowhere.
      DrainServer later =
          start
              .row()
              .later(
                  clock.instant().plus(settings.firstRest()),
                  e.explanation(),
                  true,
                  start.row().refused());
      return sources
              .drains()
              .save(seen, new Progress(seen.state(), seen.plan(), seen.waiting(), List.of(later)))
          ? Begun.LIMITED
          : Begun.STALE;
    }
  }

  private Begun live(DrainRecord seen, DrainServer moving, Start start) {
    return sources
        .drains()
        .begin(
            seen,
            moving,
            new NewMigration(
                start.migration(),
                moving.server(),
                Optional.of(start.target()),
                BlockMigration.AUTO,
                Optional.empty()),
            most(seen.wishes().limits()));
  }

  /** It begins with an equal part of the drain's bandwidth, until that is divided anew. */
  private Begun cold(DrainRecord seen, DrainServer moving, Start start) {
    Most most = most(seen.wishes().limits());
    Optional<Long> share =
        seen.wishes().limits().bytesPerSecond().map(all -> Math.max(1, all / most.out()));
    return sources
        .drains()
        .beginCold(
            seen,
            moving,
            new NewColdMigration(
                start.migration().value(),
                moving.server(),
                Optional.of(start.target()),
                Optional.empty(),
                Map.of(),
                Optional.empty(),
                share),
            most);
  }

  private Most most(Limits limits) {
    return new Most(
        limits.out().orElse(settings.out()),
        limits.in().orElse(settings.in()),
        limits.cluster().orElse(settings.cluster()));
  }
}
