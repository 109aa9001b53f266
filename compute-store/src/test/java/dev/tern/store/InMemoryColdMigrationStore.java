package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

final class InMemoryColdMigrationStore implements ColdMigrationStore {
  private final Memory memory;
  private final QuotaStore quotas;

  InMemoryColdMigrationStore(Memory memory, QuotaStore quotas) {
    this.memory = memory;
    this.quotas = quotas;
  }

  @Override
  public ColdMigrationRecord request(NewColdMigration asked, Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(asked.server());
      ColdMoving.guard(server, asked);
      if (!asked.usualLimits().isEmpty()) {
        asked.flavor().ifPresent(flavor -> requireRoom(server, flavor, asked));
      }
      UUID saga =
          memory.accept(
              server,
              TaskState.RESIZE_PREP,
              SagaKind.COLD_MIGRATION,
              null,
              ColdMoving.action(asked),
              by);
      ColdMigrationEntity entity = ColdMigrationEntity.of(asked, server, saga, by, memory.now);
      entity.number = memory.nextNumber();
      memory.coldMigrations.put(entity.uuid, entity);
      return entity.toRecord();
    }
  }

  private void requireRoom(ServerEntity server, FlavorRecord flavor, NewColdMigration asked) {
    Quotas.requireRoom(
        flavor.vcpus() - server.vcpus,
        flavor.memoryMib() - server.memoryMib,
        quotas.usage(server.project),
        quotas.limits(server.project, asked.usualLimits()));
  }

  @Override
  public ColdMigrationRecord requestConfirm(ServerId id, Requested by) {
    return settle(id, ColdStatus.CONFIRMING, TaskState.RESIZE_CONFIRMING, ColdMoving.CONFIRM, by);
  }

  @Override
  public ColdMigrationRecord requestRevert(ServerId id, Requested by) {
    return settle(id, ColdStatus.REVERTING, TaskState.RESIZE_REVERTING, ColdMoving.REVERT, by);
  }

  private ColdMigrationRecord settle(
      ServerId id, ColdStatus how, TaskState task, String action, Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(id);
      ColdMigrationEntity migration = ColdMoving.guardWaiting(server, action, openOf(id));
      UUID saga = memory.accept(server, task, ColdMoving.sagaOf(how), null, action, by);
      migration.settling(how, saga, memory.now);
      return migration.toRecord();
    }
  }

  private Stream<ColdMigrationEntity> all() {
    return memory.coldMigrations.values().stream();
  }

  private Optional<ColdMigrationEntity> openOf(ServerId server) {
    return all()
        .filter(each -> each.server.equals(server.value()) && each.endedAt == null)
        .findFirst();
  }

  @Override
  public Optional<ColdMigrationRecord> find(UUID id) {
    synchronized (memory) {
      return Optional.ofNullable(memory.coldMigrations.get(id)).map(ColdMigrationEntity::toRecord);
    }
  }

  @Override
  public Optional<ColdMigrationRecord> open(ServerId server) {
    synchronized (memory) {
      return openOf(server).map(ColdMigrationEntity::toRecord);
    }
  }

  @Override
  public List<ColdMigrationRecord> list(ColdMigrationQuery query) {
    synchronized (memory) {
      return all()
          .map(ColdMigrationEntity::toRecord)
          .filter(m -> query.server().map(m.server()::equals).orElse(true))
          .filter(m -> query.source().map(m.source()::equals).orElse(true))
          .filter(m ->
              query
                  .host()
                  .map(host -> host.equals(m.source()) || m.destination().equals(Optional.of(host)))
                  .orElse(true))
          .filter(m -> query.status().map(m.status()::equals).orElse(true))
          .filter(m -> query.resize().map(resize -> resize == m.resize()).orElse(true))
          .filter(m -> query.user().map(m.user()::equals).orElse(true))
          .filter(m -> query.project().map(m.project()::equals).orElse(true))
          .filter(m -> query.changesSince().map(t -> !m.updatedAt().isBefore(t)).orElse(true))
          .filter(m -> query.before().map(number -> m.number() < number).orElse(true))
          .sorted(Comparator.comparingLong(ColdMigrationRecord::number).reversed())
          .limit(query.limit())
          .toList();
    }
  }

  @Override
  public List<ColdMigrationRecord> waiting(Duration atLeast, int limit) {
    synchronized (memory) {
      Instant before = memory.now.minus(atLeast);
      return all()
          .filter(each -> each.status == ColdStatus.FINISHED)
          .filter(each -> !Objects.requireNonNull(each.finishedAt).isAfter(before))
          .limit(limit)
          .map(ColdMigrationEntity::toRecord)
          .toList();
    }
  }

  @Override
  public List<ColdMigrationRecord> sending() {
    synchronized (memory) {
      return all()
          .filter(each -> ColdMigrationEntity.SENDING.contains(each.status))
          .filter(each -> each.turnAt != null && !each.source.equals(each.destination))
          .sorted(Comparator.comparingLong(each -> Objects.requireNonNull(each.number)))
          .map(ColdMigrationEntity::toRecord)
          .toList();
    }
  }

  @Override
  public boolean takeTurn(UUID id, TurnStore.AtOnce most) {
    synchronized (memory) {
      ColdMigrationEntity own = Objects.requireNonNull(memory.coldMigrations.get(id));
      if (own.turnAt != null || own.status != ColdStatus.PRE_MIGRATING) {
        return own.turnAt != null;
      }
      return InMemoryTurns.take(memory, own.uuid, most);
    }
  }

  @Override
  public void share(UUID id, Optional<Long> bytesPerSecond) {
    synchronized (memory) {
      Optional.ofNullable(memory.coldMigrations.get(id))
          .filter(each -> ColdMigrationEntity.SENDING.contains(each.status))
          .ifPresent(each -> each.bytesPerSecond = bytesPerSecond.orElse(null));
    }
  }

  private record Held(SagaEntity saga, ServerEntity server, ColdMigrationEntity migration) {}

  private Held hold(Lease lease, UUID id) {
    SagaEntity saga = memory.hold(lease);
    ColdMigrationEntity migration = Objects.requireNonNull(memory.coldMigrations.get(id));
    ColdMoving.requireOf(migration, saga);
    return new Held(saga, memory.serverOf(saga, saga.server), migration);
  }

  @Override
  public void chosen(Lease lease, UUID id, HostName destination, ClaimId claim) {
    synchronized (memory) {
      Held held = hold(lease, id);
      memory.requireHeld(claim, held.server().id, destination);
      held.migration().chosen(destination, claim, held.server(), memory.now);
    }
  }

  @Override
  public void leaving(Lease lease, UUID id) {
    synchronized (memory) {
      Held held = hold(lease, id);
      held.migration().leaving(held.server(), memory.now);
    }
  }

  @Override
  public void arrived(Lease lease, UUID id, Arrival arrival) {
    synchronized (memory) {
      Held held = hold(lease, id);
      held.migration().arrived(held.server(), arrival, memory.now);
    }
  }

  @Override
  public void ownerChanged(Lease lease, UUID id) {
    synchronized (memory) {
      Held held = hold(lease, id);
      memory.requireHeld(
          new ClaimId(Objects.requireNonNull(held.migration().destinationClaim)),
          held.server().id,
          new HostName(Objects.requireNonNull(held.migration().destination)));
      held.migration().changeOwner(held.server(), memory.now);
    }
  }

  @Override
  public void ownerReturned(Lease lease, UUID id) {
    synchronized (memory) {
      Held held = hold(lease, id);
      held.migration().returnOwner(held.server(), memory.now);
    }
  }

  @Override
  public void finished(Lease lease, UUID id, List<HostName> leftAt) {
    synchronized (memory) {
      Held held = hold(lease, id);
      held.migration().finish(held.server(), memory.now);
      owe(held, held.migration().epoch, leftAt);
      memory.end(held.saga(), held.server(), Optional.empty());
    }
  }

  @Override
  public void failed(Lease lease, UUID id, Failure failure, boolean stands, List<HostName> leftAt) {
    synchronized (memory) {
      Held held = hold(lease, id);
      held.migration().fail(held.server(), failure, stands, memory.now);
      owe(held, held.migration().epoch, leftAt);
      end(held, Optional.of(failure), List.of());
    }
  }

  @Override
  public void confirmed(Lease lease, UUID id, List<HostName> leftAt) {
    synchronized (memory) {
      Held held = hold(lease, id);
      held.migration().confirm(held.server(), memory.now);
      end(held, Optional.empty(), leftAt);
    }
  }

  @Override
  public void reverted(Lease lease, UUID id, Optional<Failure> trouble, List<HostName> leftAt) {
    synchronized (memory) {
      Held held = hold(lease, id);
      held.migration().revert(held.server(), trouble.orElse(null), memory.now);
      end(held, trouble, leftAt);
    }
  }

  private void end(Held held, Optional<Failure> failure, List<HostName> leftAt) {
    memory.releaseAllBut(held.server().id, held.server().claim);
    owe(held, held.server().epoch, leftAt);
    memory.end(held.saga(), held.server(), failure);
  }

  private void owe(Held held, long epoch, List<HostName> leftAt) {
    for (HostName host : leftAt) {
      EvacuationLeftoverEntity left =
          ColdMoving.leftover(held.migration(), host.value(), epoch, memory.now);
      left.number = memory.nextNumber();
      memory.leftovers.add(left);
    }
  }

  @Override
  public void owesTakeBack(Lease lease, UUID id) {
    synchronized (memory) {
      Held held = hold(lease, id);
      boolean owed =
          memory.leftovers.stream()
              .anyMatch(each -> each.evacuation.equals(id) && each.takeBack != null);
      if (!owed) {
        EvacuationLeftoverEntity left =
            ColdMoving.takeBack(held.migration(), held.server(), memory.now);
        left.number = memory.nextNumber();
        memory.leftovers.add(left);
      }
    }
  }

  @Override
  public void unsettled(Lease lease, UUID id, Failure failure) {
    synchronized (memory) {
      Held held = hold(lease, id);
      held.migration().unsettled(held.server(), memory.now);
      memory.end(held.saga(), held.server(), Optional.of(failure));
    }
  }
}
