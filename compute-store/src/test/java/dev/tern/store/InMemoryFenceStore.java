package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.Requested;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

final class InMemoryFenceStore implements FenceStore {
  private final Memory memory;

  InMemoryFenceStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public HostName requireWaiting(MigrationId id, HostName host, Runs runs) {
    synchronized (memory) {
      MigrationEntity migration = migration(id);
      return Fencing.requireWaiting(migration, saga(migration), host, runs);
    }
  }

  @Override
  public FenceRecord state(MigrationId id, HostName host, Runs runs, Requested by) {
    synchronized (memory) {
      MigrationEntity migration = migration(id);
      var _ = memory.server(new ServerId(migration.server));
      FenceEntity before = memory.fences.get(id.value());
      if (before != null) {
        if (!before.host.equals(host.value())) {
          throw Fencing.another(before);
        }
        return before.toRecord(migration);
      }
      HostName _ = Fencing.requireWaiting(migration, saga(migration), host, runs);
      FenceEntity fence = FenceEntity.of(migration, host, runs, by, memory.now);
      fence.number = memory.nextNumber();
      memory.fences.put(fence.migration, fence);
      ActionEntity action = memory.open(migration.server, HibernateFenceStore.ACTION, by);
      ActionEventEntity event = new ActionEventEntity();
      event.number = memory.nextNumber();
      event.action = action.number();
      event.event = HibernateFenceStore.EVENT;
      event.host = host.value();
      event.startedAt = memory.now;
      event.finish(Optional.empty(), memory.now);
      memory.events.add(event);
      memory.wake(migration.saga);
      return fence.toRecord(migration);
    }
  }

  @Override
  public Optional<FenceRecord> of(MigrationId id) {
    synchronized (memory) {
      return Optional.ofNullable(memory.fences.get(id.value()))
          .map(fence -> fence.toRecord(migration(id)));
    }
  }

  @Override
  public Optional<FenceRecord> relyOn(Lease lease, MigrationId id, HostName host) {
    synchronized (memory) {
      hold(lease, id);
      return Optional.ofNullable(memory.fences.get(id.value()))
          .filter(fence -> fence.host.equals(host.value()))
          .map(fence -> {
            if (fence.reliedOnAt == null) {
              fence.reliedOnAt = memory.now;
            }
            return fence.toRecord(migration(id));
          });
    }
  }

  private void hold(Lease lease, MigrationId id) {
    SagaEntity saga = memory.hold(lease);
    if (!id.value().equals(saga.migration)) {
      throw new IllegalArgumentException("saga %s is not of migration %s".formatted(saga.id, id));
    }
  }

  @Override
  public void kept(Lease lease, MigrationId id, String directory) {
    synchronized (memory) {
      hold(lease, id);
      stated(id).keep(directory);
    }
  }

  @Override
  public List<FenceRecord> owing(int limit) {
    synchronized (memory) {
      return memory.fences.values().stream()
          .filter(fence -> fence.reliedOnAt != null && fence.settledAt == null)
          .map(fence -> fence.toRecord(migration(new MigrationId(fence.migration))))
          .filter(fence -> migration(fence.migration()).endedAt != null)
          .limit(limit)
          .toList();
    }
  }

  @Override
  public void settle(MigrationId id, Outcome outcome, String said) {
    synchronized (memory) {
      stated(id).settle(outcome, said, memory.now);
    }
  }

  @Override
  public void returned(MigrationId id, VmState state, String said) {
    synchronized (memory) {
      FenceEntity fence = stated(id);
      if (fence.settledAt == null) {
        fence.settle(Outcome.RETURNED, said, memory.now);
        Optional.ofNullable(memory.servers.get(fence.server))
            .ifPresent(server -> fence.returned(server, state, memory.now));
      }
    }
  }

  private FenceEntity stated(MigrationId id) {
    return Optional.ofNullable(memory.fences.get(id.value()))
        .orElseThrow(() -> new IllegalStateException("nothing was stated for migration " + id));
  }

  private MigrationEntity migration(MigrationId id) {
    return Optional.ofNullable(memory.migrations.get(id.value()))
        .orElseThrow(() ->
            new ComputeException(
                ErrorCode.MIGRATION_NOT_FOUND,
                "Migration %s could not be found.".formatted(id),
                null));
  }

  private SagaEntity saga(MigrationEntity migration) {
    return Objects.requireNonNull(memory.sagas.get(migration.saga));
  }
}
