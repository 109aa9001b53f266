package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.move.PolicyParts;
import dev.tern.store.Requests.Refusals;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

final class InMemoryMigrationStore implements MigrationStore {
  private static final Set<MigrationStatus> IN_PROGRESS =
      EnumSet.of(MigrationStatus.QUEUED, MigrationStatus.PREPARING, MigrationStatus.RUNNING);

  private final Memory memory;

  InMemoryMigrationStore(Memory memory) {
    this.memory = memory;
  }

  // ---- requests

  @Override
  public MigrationRecord requestLiveMigration(NewMigration asked, Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(asked.server());
      Requests.guard(server, "os-migrateLive", Set.of(VmState.ACTIVE, VmState.PAUSED));
      MigrationEntity migration = new MigrationEntity();
      migration.number = memory.nextNumber();
      migration.uuid = asked.id().value();
      migration.server = server.id;
      migration.source = Objects.requireNonNull(server.host);
      migration.sourceClaim = server.claim;
      migration.requestedHost = asked.requestedHost().map(HostName::value).orElse(null);
      migration.blockMigration = asked.blockMigration();
      migration.diskOverCommit = asked.diskOverCommit().orElse(null);
      migration.policy = Json.of(asked.policy());
      migration.streams = Json.of(asked.streams());
      migration.disks = asked.disks().map(Json::ofWays).orElse(null);
      migration.diskPlaces = asked.places().isEmpty() ? null : Json.ofPlaces(asked.places());
      migration.epoch = server.epoch + 1;
      migration.user = by.user();
      migration.project = by.project();
      migration.createdAt = memory.now;
      migration.updatedAt = memory.now;
      if (memory.migrations.putIfAbsent(migration.uuid, migration) != null) {
        throw new IllegalStateException("there is a migration " + migration.uuid);
      }
      migration.saga =
          memory.accept(
              server,
              TaskState.MIGRATING,
              SagaKind.LIVE_MIGRATION,
              migration.uuid,
              "live-migration",
              by);
      return migration.toRecord();
    }
  }

  @Override
  public void requestAbort(ServerId server, long number, Requested by) {
    synchronized (memory) {
      MigrationEntity migration = ofServer(server, number);
      if (migration.endedAt != null || handedOver(migration)) {
        throw invalidState(migration, "abort live migration");
      }
      if (!migration.abortRequested) {
        migration.abortRequested = true;
        migration.updatedAt = memory.now;
        ActionEntity action = memory.open(migration.server, "live_migration_cancel", by);
        ActionEventEntity event = new ActionEventEntity();
        event.number = memory.nextNumber();
        event.action = action.number();
        event.event = HibernateMigrationStore.ABORT_EVENT;
        event.host = migration.source;
        event.startedAt = memory.now;
        memory.events.add(event);
      }
      memory.wake(migration.saga);
    }
  }

  @Override
  public void requestForceComplete(ServerId server, long number, Requested by) {
    synchronized (memory) {
      MigrationEntity migration = ofServer(server, number);
      if (migration.status != MigrationStatus.RUNNING || handedOver(migration)) {
        throw invalidState(migration, "force complete live migration");
      }
      if (!migration.forceRequested) {
        migration.forceRequested = true;
        migration.updatedAt = memory.now;
        memory.open(migration.server, "live_migration_force_complete", by);
      }
      memory.wake(migration.saga);
    }
  }

  @Override
  public MigrationRecord requestPolicy(MigrationId id, PolicyParts parts, Requested by) {
    synchronized (memory) {
      MigrationEntity migration = memory.migrations.get(id.value());
      if (migration == null) {
        throw notFound("Migration %s could not be found.".formatted(id));
      }
      if (migration.endedAt != null || handedOver(migration)) {
        throw invalidState(migration, "change the policy of the live migration");
      }
      migration.policy = Json.of(parts.over(Json.read(PolicyParts.class, migration.policy)));
      migration.policyRevision++;
      migration.updatedAt = memory.now;
      memory.open(migration.server, "live_migration_steer", by);
      memory.wake(migration.saga);
      return migration.toRecord();
    }
  }

  private MigrationEntity ofServer(ServerId server, long number) {
    var _ = memory.server(server);
    return byNumber(server, number)
        .orElseThrow(
            () -> notFound("Migration %d not found for instance %s".formatted(number, server)));
  }

  private static ComputeException notFound(String message) {
    return new ComputeException(ErrorCode.MIGRATION_NOT_FOUND, message, null);
  }

  private static boolean handedOver(MigrationEntity migration) {
    return migration.phase == Phase.FINISH || migration.phase == Phase.CONFIRM;
  }

  private static ComputeException invalidState(MigrationEntity migration, String wish) {
    return new ComputeException(
        ErrorCode.INVALID_MIGRATION_STATE,
        "Migration %d state of instance %s is %s%s. Cannot %s while the migration is in this state."
            .formatted(
                migration.number(),
                migration.server,
                migration.status.wire(),
                migration.endedAt == null && handedOver(migration)
                    ? ", and the guest has been handed over to its destination"
                    : "",
                wish),
        null);
  }

  // ---- reading

  @Override
  public void share(MigrationId id, Optional<Long> bytesPerSecond) {
    synchronized (memory) {
      Optional.ofNullable(memory.migrations.get(id.value()))
          .filter(migration -> migration.give(bytesPerSecond, memory.now))
          .ifPresent(migration -> memory.wake(migration.saga));
    }
  }

  @Override
  public Optional<MigrationRecord> find(MigrationId id) {
    synchronized (memory) {
      return Optional.ofNullable(memory.migrations.get(id.value())).map(MigrationEntity::toRecord);
    }
  }

  @Override
  public Optional<MigrationRecord> find(ServerId server, long number) {
    synchronized (memory) {
      return byNumber(server, number).map(MigrationEntity::toRecord);
    }
  }

  private Optional<MigrationEntity> byNumber(ServerId server, long number) {
    return memory.migrations.values().stream()
        .filter(each -> each.number() == number && each.server.equals(server.value()))
        .findFirst();
  }

  @Override
  public List<MigrationRecord> list(MigrationQuery query) {
    synchronized (memory) {
      long before = query.marker().map(this::numberOf).orElse(Long.MAX_VALUE);
      return memory.migrations.values().stream()
          .map(MigrationEntity::toRecord)
          .filter(wanted(query))
          .filter(each -> each.number() < before)
          .sorted(Comparator.comparingLong(MigrationRecord::number).reversed())
          .limit(query.limit())
          .toList();
    }
  }

  private long numberOf(MigrationId marker) {
    return find(marker)
        .map(MigrationRecord::number)
        .or(() ->
            Optional.ofNullable(memory.evacuations.get(marker.value())).map(each -> each.number))
        .or(() ->
            Optional.ofNullable(memory.coldMigrations.get(marker.value())).map(each -> each.number))
        .orElseThrow(() -> Refusals.noMarker(marker));
  }

  private static Predicate<MigrationRecord> wanted(MigrationQuery query) {
    return each ->
        query.server().stream().allMatch(each.server()::equals)
            && query.host().stream()
                .allMatch(
                    host -> each.source().equals(host) || each.destination().equals(query.host()))
            && query.source().stream().allMatch(each.source()::equals)
            && query.status().stream().allMatch(status -> status == each.status())
            && (!query.inProgressOnly() || IN_PROGRESS.contains(each.status()))
            && query.user().stream().allMatch(each.user()::equals)
            && query.project().stream().allMatch(each.project()::equals)
            && query.changesSince().stream().noneMatch(each.updatedAt()::isBefore);
  }

  // ---- turns

  @Override
  public boolean takeTurn(MigrationId id, AtOnce most) {
    synchronized (memory) {
      MigrationEntity own = memory.migrations.get(id.value());
      if (own == null || own.turnAt != null) {
        return own != null;
      }
      if (own.status != MigrationStatus.QUEUED || own.abortRequested || own.endedAt != null) {
        return false;
      }
      return InMemoryTurns.take(memory, own.uuid, most);
    }
  }

  @Override
  public int giveTurns(AtOnce most) {
    synchronized (memory) {
      return InMemoryTurns.give(memory, most);
    }
  }

  @Override
  public Map<MigrationId, Waiting> waiting(Collection<MigrationId> ids) {
    synchronized (memory) {
      return InMemoryTurns.waiting(memory, ids);
    }
  }

  // ---- progress

  @Override
  public boolean progress(MigrationProgress seen) {
    synchronized (memory) {
      MigrationEntity migration = memory.migrations.get(seen.migration().value());
      if (migration == null || migration.endedAt != null) {
        return migration != null;
      }
      migration.take(seen, memory.now);
      ServerEntity server = Objects.requireNonNull(memory.servers.get(migration.server));
      server.progress = migration.permille / 10;
      return true;
    }
  }

  // ---- what the conductor writes

  @Override
  public void planned(
      Lease lease, MigrationId id, HostName destination, ClaimId claim, long diskBytes) {
    synchronized (memory) {
      MigrationEntity migration = hold(lease, id);
      memory.requireHeld(claim, migration.server, destination);
      if (destination.value().equals(migration.source)) {
        throw new IllegalStateException("a guest does not move to where it is");
      }
      migration.destination = destination.value();
      migration.destinationClaim = claim.value();
      migration.diskTotal = Math.max(migration.diskTotal, diskBytes);
      migration.diskRemaining = Math.max(0, migration.diskTotal - migration.diskProcessed);
      long memoryBytes =
          java.util.Objects.requireNonNull(memory.servers.get(migration.server)).memoryMib << 20;
      migration.memoryTotal = Math.max(migration.memoryTotal, memoryBytes);
      migration.memoryRemaining = Math.max(0, migration.memoryTotal - migration.memoryProcessed);
      migration.checked = true;
    }
  }

  @Override
  public void disksPlanned(Lease lease, MigrationId id, DiskPlan plan) {
    synchronized (memory) {
      hold(lease, id).diskPlan = Json.of(plan);
    }
  }

  @Override
  public void foreseen(Lease lease, MigrationId id, Forecast forecast) {
    synchronized (memory) {
      MigrationEntity migration = hold(lease, id);
      migration.foreseenAtPlan = migration.foreseen(forecast, memory.now);
    }
  }

  @Override
  public void entered(Lease lease, MigrationId id, MigrationStatus status, Phase phase) {
    if (!IN_PROGRESS.contains(status)) {
      throw new IllegalArgumentException("a migration in progress is not " + status);
    }
    synchronized (memory) {
      MigrationEntity migration = hold(lease, id);
      migration.status = status;
      migration.phase = phase;
      if (phase == Phase.PERFORM && migration.dataSince == null) {
        migration.dataSince = memory.now;
      }
    }
  }

  @Override
  public void inDoubt(Lease lease, MigrationId id, boolean inDoubt, String why) {
    synchronized (memory) {
      MigrationEntity migration = hold(lease, id);
      if (inDoubt) {
        migration.doubted(why, memory.now);
      } else {
        migration.cleared();
      }
    }
  }

  @Override
  public void ownerChanged(Lease lease, MigrationId id, PauseParts pause) {
    synchronized (memory) {
      MigrationEntity migration = hold(lease, id);
      if (migration.destination == null || migration.destinationClaim == null) {
        throw new IllegalStateException("migration %s has no destination".formatted(id));
      }
      ServerEntity server = Objects.requireNonNull(memory.servers.get(migration.server));
      server.host = migration.destination;
      server.claim = migration.destinationClaim;
      server.updatedAt = memory.now;
      migration.arrived(pause, memory.now);
    }
  }

  @Override
  public void completed(Lease lease, MigrationId id) {
    synchronized (memory) {
      MigrationEntity migration = hold(lease, id);
      if (!migration.ownerChanged) {
        throw new IllegalStateException(
            "migration %s cannot complete: its guest still belongs to the source".formatted(id));
      }
      end(lease, migration, MigrationStatus.COMPLETED, Optional.empty());
    }
  }

  @Override
  public void rolledBack(Lease lease, MigrationId id, MigrationStatus status, Failure failure) {
    if (!status.terminal() || status == MigrationStatus.COMPLETED) {
      throw new IllegalArgumentException("a migration that was rolled back is not " + status);
    }
    synchronized (memory) {
      MigrationEntity migration = hold(lease, id);
      if (migration.ownerChanged) {
        throw new IllegalStateException(
            "migration %s cannot roll back: its guest belongs to the destination".formatted(id));
      }
      end(lease, migration, status, Optional.of(failure));
    }
  }

  @Override
  public void guestLost(Lease lease, MigrationId id, Failure failure, Failure fault) {
    synchronized (memory) {
      MigrationEntity migration = hold(lease, id);
      ServerEntity server = Objects.requireNonNull(memory.servers.get(migration.server));
      server.vmState = VmState.ERROR;
      server.power = PowerState.CRASHED;
      server.fault(fault, memory.now);
      end(lease, migration, MigrationStatus.ERROR, Optional.of(failure));
    }
  }

  private void end(
      Lease lease, MigrationEntity migration, MigrationStatus status, Optional<Failure> failure) {
    ServerEntity server = Objects.requireNonNull(memory.servers.get(migration.server));
    migration.end(status, failure.orElse(null), memory.now);
    memory.releaseAllBut(server.id, server.claim);
    endAborts(migration);
    memory.end(memory.hold(lease), server, failure);
  }

  private void endAborts(MigrationEntity migration) {
    for (ActionEventEntity event : memory.events) {
      if (event.finishedAt == null && event.event.equals(HibernateMigrationStore.ABORT_EVENT)) {
        memory.actions.stream()
            .filter(
                action -> action.number() == event.action && action.server.equals(migration.server))
            .forEach(action -> {
              event.finish(migration.notAborted(), memory.now);
              action.heard(migration.notAborted(), memory.now);
            });
      }
    }
  }

  private MigrationEntity hold(Lease lease, MigrationId id) {
    SagaEntity saga = memory.hold(lease);
    MigrationEntity migration = memory.migrations.get(id.value());
    if (migration == null || !id.value().equals(saga.migration)) {
      throw new IllegalArgumentException("saga %s is not of migration %s".formatted(saga.id, id));
    }
    migration.updatedAt = memory.now;
    return migration;
  }
}
