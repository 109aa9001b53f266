package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.Requested;
import jakarta.persistence.EntityManager;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateFenceStore implements FenceStore {
  private final EntityManager entities;
  private final Rows rows;
  private final Requests requests;

  HibernateFenceStore(EntityManager entities, Rows rows, Requests requests) {
    this.entities = entities;
    this.rows = rows;
    this.requests = requests;
  }

  @Override
  @Transactional(readOnly = true)
  public HostName requireWaiting(MigrationId id, HostName host, Runs runs) {
    MigrationEntity migration = migration(id);
    return Fencing.requireWaiting(migration, saga(migration), host, runs);
  }

  /** The server's row first, as everywhere. */
  @Override
  public FenceRecord state(MigrationId id, HostName host, Runs runs, Requested by) {
    ServerEntity server = requests.server(new ServerId(migration(id).server));
    MigrationEntity migration = rows.lockMigration(id.value()).orElseThrow(() -> notFound(id));
    entities.refresh(migration);
    Optional<FenceEntity> before = fence(id);
    if (before.isPresent()) {
      if (!before.get().host.equals(host.value())) {
        throw Fencing.another(before.get());
      }
      return before.get().toRecord(migration);
    }
    HostName _ = Fencing.requireWaiting(migration, saga(migration), host, runs);
    Instant now = rows.now();
    FenceEntity fence = FenceEntity.of(migration, host, runs, by, now);
    entities.persist(fence);
    ActionEntity action = requests.open(server.id, ACTION, by, now);
    ActionEventEntity event = new ActionEventEntity();
    event.action = action.number();
    event.event = EVENT;
    event.host = host.value();
    event.startedAt = now;
    event.finish(Optional.empty(), now);
    entities.persist(event);
    rows.wake(migration.saga, now);
    return fence.toRecord(migration);
  }

  static final String ACTION = "live_migration_resolve";

  /** Its host is the one that was stated to be dead. */
  static final String EVENT = "compute_live_migration_fence";

  @Override
  @Transactional(readOnly = true)
  public Optional<FenceRecord> of(MigrationId id) {
    return fence(id).map(fence -> fence.toRecord(migration(id)));
  }

  @Override
  public Optional<FenceRecord> relyOn(Lease lease, MigrationId id, HostName host) {
    hold(lease, id);
    return fence(id)
        .filter(fence -> fence.host.equals(host.value()))
        .map(fence -> {
          if (fence.reliedOnAt == null) {
            fence.reliedOnAt = rows.now();
          }
          return fence.toRecord(migration(id));
        });
  }

  private void hold(Lease lease, MigrationId id) {
    SagaEntity saga = rows.hold(lease);
    if (!id.value().equals(saga.migration)) {
      throw new IllegalArgumentException("saga %s is not of migration %s".formatted(saga.id, id));
    }
  }

  @Override
  public void kept(Lease lease, MigrationId id, String directory) {
    hold(lease, id);
    stated(id).keep(directory);
  }

  @Override
  @Transactional(readOnly = true)
  public List<FenceRecord> owing(int limit) {
    return entities
        .createQuery(
            "select f, m from FenceEntity f join MigrationEntity m on m.uuid = f.migration"
                + " where f.reliedOnAt is not null and f.settledAt is null"
                + " and m.endedAt is not null order by f.number",
            Object[].class)
        .setMaxResults(limit)
        .getResultList()
        .stream()
        .map(row -> ((FenceEntity) row[0]).toRecord((MigrationEntity) row[1]))
        .toList();
  }

  @Override
  public void settle(MigrationId id, Outcome outcome, String said) {
    stated(id).settle(outcome, said, rows.now());
  }

  /** The server's row first, as everywhere. */
  @Override
  public void returned(MigrationId id, VmState state, String said) {
    Optional<ServerEntity> server = rows.lockServer(migration(id).server);
    FenceEntity fence = stated(id);
    if (fence.settledAt == null) {
      Instant now = rows.now();
      fence.settle(Outcome.RETURNED, said, now);
      server.ifPresent(found -> fence.returned(found, state, now));
    }
  }

  private FenceEntity stated(MigrationId id) {
    return fence(id)
        .orElseThrow(() -> new IllegalStateException("nothing was stated for migration " + id));
  }

  private Optional<FenceEntity> fence(MigrationId id) {
    return entities
        .createQuery("from FenceEntity f where f.migration = :migration", FenceEntity.class)
        .setParameter("migration", id.value())
        .getResultStream()
        .findFirst();
  }

  private MigrationEntity migration(MigrationId id) {
    return entities
        .createQuery("from MigrationEntity m where m.uuid = :uuid", MigrationEntity.class)
        .setParameter("uuid", id.value())
        .getResultStream()
        .findFirst()
        .orElseThrow(() -> notFound(id));
  }

  private SagaEntity saga(MigrationEntity migration) {
    UUID id = migration.saga;
    return Optional.ofNullable(entities.find(SagaEntity.class, id))
        .orElseThrow(() -> new IllegalStateException("a migration without its saga " + id));
  }

  private static ComputeException notFound(MigrationId id) {
    return new ComputeException(
        ErrorCode.MIGRATION_NOT_FOUND, "Migration %s could not be found.".formatted(id), null);
  }
}
