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
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import jakarta.persistence.EntityManager;
import java.time.Instant;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateMigrationStore implements MigrationStore {
  private static final String LIVE_MIGRATE = "os-migrateLive";
  private static final String ABORT = "abort live migration";
  static final String ABORT_EVENT = "compute_live_migration_abort";
  private static final String FORCE_COMPLETE = "force complete live migration";
  private static final String STEER = "change the policy of the live migration";

  private final EntityManager entities;
  private final Rows rows;
  private final Requests requests;
  private final Endings endings;
  private final Claims claims;
  private final Turns turns;

  HibernateMigrationStore(
      EntityManager entities, Rows rows, Requests requests, Endings endings, Claims claims) {
    this.entities = entities;
    this.rows = rows;
    this.requests = requests;
    this.endings = endings;
    this.claims = claims;
    this.turns = new Turns(entities, rows);
  }

  // ---- requests

  @Override
  public MigrationRecord requestLiveMigration(NewMigration asked, Requested by) {
    ServerEntity server = requests.server(asked.server());
    Requests.guard(server, LIVE_MIGRATE, Set.of(VmState.ACTIVE, VmState.PAUSED));
    Instant now = rows.now();
    MigrationEntity migration = new MigrationEntity();
    migration.uuid = asked.id().value();
    migration.server = server.id;
    migration.source =
        Optional.ofNullable(server.host)
            .orElseThrow(() -> new IllegalStateException("an active server without host"));
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
    migration.createdAt = now;
    migration.updatedAt = now;
    entities.persist(migration);
    migration.saga =
        requests.accept(
            server,
            TaskState.MIGRATING,
            SagaKind.LIVE_MIGRATION,
            migration.uuid,
            "live-migration",
            by,
            now);
    return migration.toRecord();
  }

  @Override
  public void requestAbort(ServerId id, long number, Requested by) {
    MigrationEntity migration = lock(id, number);
    if (migration.endedAt != null || handedOver(migration)) {
      throw invalidState(migration, ABORT);
    }
    Instant now = rows.now();
    if (!migration.abortRequested) {
      migration.abortRequested = true;
      migration.updatedAt = now;
      ActionEntity action = requests.open(migration.server, "live_migration_cancel", by, now);
      ActionEventEntity event = new ActionEventEntity();
      event.action = action.number();
      event.event = ABORT_EVENT;
      event.host = migration.source;
      event.startedAt = now;
      entities.persist(event);
    }
    rows.wake(migration.saga, now);
  }

  @Override
  public void requestForceComplete(ServerId id, long number, Requested by) {
    MigrationEntity migration = lock(id, number);
    if (migration.status != MigrationStatus.RUNNING || handedOver(migration)) {
      throw invalidState(migration, FORCE_COMPLETE);
    }
    Instant now = rows.now();
    if (!migration.forceRequested) {
      migration.forceRequested = true;
      migration.updatedAt = now;
      requests.open(migration.server, "live_migration_force_complete", by, now);
    }
    rows.wake(migration.saga, now);
  }

  @Override
  public MigrationRecord requestPolicy(MigrationId id, PolicyParts parts, Requested by) {
    MigrationRecord known = find(id).orElseThrow(() -> notFound(id.toString()));
    MigrationEntity migration = lock(known.server(), known.number());
    if (migration.endedAt != null || handedOver(migration)) {
      throw invalidState(migration, STEER);
    }
    Instant now = rows.now();
    migration.policy = Json.of(parts.over(Json.read(PolicyParts.class, migration.policy)));
    migration.policyRevision++;
    migration.updatedAt = now;
    requests.open(migration.server, "live_migration_steer", by, now);
    rows.wake(migration.saga, now);
    return migration.toRecord();
  }

  @Override
  public void share(MigrationId id, Optional<Long> bytesPerSecond) {
    rows.lockMigration(id.value())
        .ifPresent(migration -> {
          entities.refresh(migration);
          Instant now = rows.now();
          if (migration.give(bytesPerSecond, now)) {
            rows.wake(migration.saga, now);
          }
        });
  }

  /** The server's row first, as everywhere. */
  private MigrationEntity lock(ServerId id, long number) {
    var _ = requests.server(id);
    UUID uuid =
        ofServer(id, number)
            .map(found -> found.uuid)
            .orElseThrow(() ->
                new ComputeException(
                    ErrorCode.MIGRATION_NOT_FOUND,
                    "Migration %d not found for instance %s".formatted(number, id),
                    null));
    MigrationEntity migration = rows.lockMigration(uuid).orElseThrow(() -> notFound(uuid + ""));
    entities.refresh(migration);
    return migration;
  }

  private static ComputeException notFound(String id) {
    return new ComputeException(
        ErrorCode.MIGRATION_NOT_FOUND, "Migration %s could not be found.".formatted(id), null);
  }

  /** From the end of the hand-over on nothing of the guest is left to stop or to steer. */
  private static boolean handedOver(MigrationEntity migration) {
    return switch (migration.phase) {
      case BEGIN, PREPARE, PERFORM -> false;
      case FINISH, CONFIRM -> true;
    };
  }

  private static ComputeException invalidState(MigrationEntity migration, String wish) {
    String state =
        migration.endedAt == null && handedOver(migration)
            ? "%s, and the guest has been handed over to its destination"
                .formatted(migration.status.wire())
            : migration.status.wire();
    return new ComputeException(
        ErrorCode.INVALID_MIGRATION_STATE,
        "Migration %d state of instance %s is %s. Cannot %s while the migration is in this state."
            .formatted(migration.number(), migration.server, state, wish),
        null);
  }

  // ---- reading

  @Override
  @Transactional(readOnly = true)
  public Optional<MigrationRecord> find(MigrationId id) {
    return entities
        .createQuery("from MigrationEntity m where m.uuid = :uuid", MigrationEntity.class)
        .setParameter("uuid", id.value())
        .getResultStream()
        .findFirst()
        .map(MigrationEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<MigrationRecord> find(ServerId server, long number) {
    return ofServer(server, number).map(MigrationEntity::toRecord);
  }

  private Optional<MigrationEntity> ofServer(ServerId server, long number) {
    return Optional.ofNullable(entities.find(MigrationEntity.class, number))
        .filter(migration -> migration.server.equals(server.value()));
  }

  @Override
  @Transactional(readOnly = true)
  public List<MigrationRecord> list(MigrationQuery query) {
    return new MigrationListing(query)
        .run(entities).stream().map(MigrationEntity::toRecord).toList();
  }

  // ---- turns

  @Override
  public boolean takeTurn(MigrationId id, AtOnce most) {
    return turns.take(id, most);
  }

  @Override
  public int giveTurns(AtOnce most) {
    return turns.give(most);
  }

  @Override
  @Transactional(readOnly = true)
  public Map<MigrationId, Waiting> waiting(Collection<MigrationId> ids) {
    return turns.waiting(ids);
  }

  // ---- progress

  /** The server's row first, as everywhere; it also keeps the migration from ending meanwhile. */
  @Override
  public boolean progress(MigrationProgress seen) {
    @Nullable MigrationEntity migration =
        entities
            .createQuery(
                "select m.server from MigrationEntity m where m.uuid = :uuid and m.endedAt is null",
                UUID.class)
            .setParameter("uuid", seen.migration().value())
            .getResultStream()
            .findFirst()
            .flatMap(rows::lockServer)
            .flatMap(server -> rows.lockMigration(seen.migration().value()))
            .orElse(null);
    if (migration == null || migration.endedAt != null) {
      return migration != null || find(seen.migration()).isPresent();
    }
    migration.take(seen, rows.now());
    ServerEntity server =
        Objects.requireNonNull(entities.find(ServerEntity.class, migration.server));
    server.progress = migration.permille / 10;
    return true;
  }

  // ---- what the conductor writes

  @Override
  public void planned(
      Lease lease, MigrationId id, HostName destination, ClaimId claim, long diskBytes) {
    Held held = hold(lease, id);
    claims.requireHeld(claim, held.server().id, destination);
    MigrationEntity migration = held.migration();
    migration.destination = destination.value();
    migration.destinationClaim = claim.value();
    migration.diskTotal = Math.max(migration.diskTotal, diskBytes);
    migration.diskRemaining = Math.max(0, migration.diskTotal - migration.diskProcessed);
    // All of it is still to come, and progress bars want to know the whole from the beginning.
    long memoryBytes = held.server().memoryMib << 20;
    migration.memoryTotal = Math.max(migration.memoryTotal, memoryBytes);
    migration.memoryRemaining = Math.max(0, migration.memoryTotal - migration.memoryProcessed);
    migration.checked = true;
    migration.updatedAt = held.now();
  }

  @Override
  public void disksPlanned(Lease lease, MigrationId id, DiskPlan plan) {
    Held held = hold(lease, id);
    held.migration().diskPlan = Json.of(plan);
    held.migration().updatedAt = held.now();
  }

  @Override
  public void foreseen(Lease lease, MigrationId id, Forecast forecast) {
    Held held = hold(lease, id);
    held.migration().foreseenAtPlan = held.migration().foreseen(forecast, held.now());
    held.migration().updatedAt = held.now();
  }

  @Override
  public void entered(Lease lease, MigrationId id, MigrationStatus status, Phase phase) {
    if (!EnumSet.of(MigrationStatus.QUEUED, MigrationStatus.PREPARING, MigrationStatus.RUNNING)
        .contains(status)) {
      throw new IllegalArgumentException("a migration in progress is not " + status);
    }
    Held held = hold(lease, id);
    held.migration().status = status;
    held.migration().phase = phase;
    if (phase == Phase.PERFORM && held.migration().dataSince == null) {
      held.migration().dataSince = held.now();
    }
    held.migration().updatedAt = held.now();
  }

  @Override
  public void inDoubt(Lease lease, MigrationId id, boolean inDoubt, String why) {
    Held held = hold(lease, id);
    if (inDoubt) {
      held.migration().doubted(why, held.now());
    } else {
      held.migration().cleared();
    }
    held.migration().updatedAt = held.now();
  }

  @Override
  public void ownerChanged(Lease lease, MigrationId id, PauseParts pause) {
    Held held = hold(lease, id);
    MigrationEntity migration = held.migration();
    if (migration.destination == null || migration.destinationClaim == null) {
      throw new IllegalStateException("migration %s has no destination".formatted(id));
    }
    held.server().host = migration.destination;
    held.server().claim = migration.destinationClaim;
    held.server().updatedAt = held.now();
    migration.arrived(pause, held.now());
  }

  @Override
  public void completed(Lease lease, MigrationId id) {
    Held held = hold(lease, id);
    if (!held.migration().ownerChanged) {
      throw new IllegalStateException(
          "migration %s cannot complete: its guest still belongs to the source".formatted(id));
    }
    end(held, MigrationStatus.COMPLETED, Optional.empty());
  }

  @Override
  public void rolledBack(Lease lease, MigrationId id, MigrationStatus status, Failure failure) {
    if (!EnumSet.of(MigrationStatus.FAILED, MigrationStatus.CANCELLED, MigrationStatus.ERROR)
        .contains(status)) {
      throw new IllegalArgumentException("a migration that was rolled back is not " + status);
    }
    Held held = hold(lease, id);
    if (held.migration().ownerChanged) {
      throw new IllegalStateException(
          "migration %s cannot roll back: its guest belongs to the destination".formatted(id));
    }
    end(held, status, Optional.of(failure));
  }

  @Override
  public void guestLost(Lease lease, MigrationId id, Failure failure, Failure fault) {
    Held held = hold(lease, id);
    held.server().vmState = VmState.ERROR;
    held.server().power = PowerState.CRASHED;
    held.server().fault(fault, held.now());
    end(held, MigrationStatus.ERROR, Optional.of(failure));
  }

  /** The owner's claim stays; what the migration held besides is given back. */
  private void end(Held held, MigrationStatus status, Optional<Failure> failure) {
    held.migration().end(status, failure.orElse(null), held.now());
    claims.releaseAllBut(held.server().id, held.server().claim);
    endAborts(held);
    endings.end(held.saga(), held.server(), failure, held.now());
  }

  /** One migration of a server runs at a time, so every abort that is open is this one's. */
  private void endAborts(Held held) {
    Optional<String> tooLate = held.migration().notAborted();
    entities
        .createQuery(
            "select e, a from ActionEventEntity e join ActionEntity a on e.action = a.number"
                + " where a.server = :server and e.event = :event and e.finishedAt is null",
            Object[].class)
        .setParameter("server", held.server().id)
        .setParameter("event", ABORT_EVENT)
        .getResultList()
        .forEach(row -> {
          ((ActionEventEntity) row[0]).finish(tooLate, held.now());
          ((ActionEntity) row[1]).heard(tooLate, held.now());
        });
  }

  private Held hold(Lease lease, MigrationId id) {
    Rows.Held held = rows.holdNow(lease);
    SagaEntity saga = held.saga();
    if (!id.value().equals(saga.migration)) {
      throw new IllegalArgumentException("saga %s is not of migration %s".formatted(saga.id, id));
    }
    ServerEntity server = rows.lockServerOf(saga, saga.server);
    MigrationEntity migration =
        rows.lockMigration(id.value())
            .orElseThrow(() -> new IllegalStateException("no migration " + id));
    return new Held(saga, server, migration, held.now());
  }

  private record Held(
      SagaEntity saga, ServerEntity server, MigrationEntity migration, Instant now) {}
}
