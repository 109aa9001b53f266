package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.FenceStore.Outcome;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

final class InMemoryEvacuationStore implements EvacuationStore {
  private final Memory memory;

  InMemoryEvacuationStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public EvacuationRecord request(NewEvacuation asked, Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(asked.server());
      List<SagaEntity> unfinished = memory.unfinished(server.id).toList();
      Evacuating.guard(server, unfinished);
      requireFenced(Objects.requireNonNull(server.host));
      Failure overtaken = Evacuating.overtaken(server.host);
      for (SagaEntity saga : unfinished) {
        memory.volumes.values().stream()
            .filter(volume -> volume.saga.equals(saga.id) && volume.endedAt == null)
            .forEach(volume -> volume.failed(overtaken, memory.now));
        memory.end(saga, server, Optional.of(overtaken));
      }
      UUID saga =
          memory.accept(
              server, TaskState.REBUILDING, SagaKind.EVACUATE, null, Evacuating.ACTION, by);
      EvacuationEntity entity = EvacuationEntity.of(asked, server, saga, by, memory.now);
      entity.number = memory.nextNumber();
      memory.evacuations.put(entity.uuid, entity);
      return entity.toRecord();
    }
  }

  @Override
  public Optional<ComputeException> objection(ServerId id) {
    synchronized (memory) {
      return Evacuating.objection(
          Optional.ofNullable(memory.servers.get(id.value())),
          id,
          () -> memory.unfinished(id.value()).toList());
    }
  }

  private void requireFenced(String host) {
    HostEntity found = memory.hosts.get(host);
    if (found == null || !found.forcedDown) {
      throw Evacuating.notFenced(host);
    }
  }

  private Stream<EvacuationEntity> all() {
    return memory.evacuations.values().stream();
  }

  @Override
  public Optional<EvacuationRecord> find(UUID id) {
    synchronized (memory) {
      return Optional.ofNullable(memory.evacuations.get(id)).map(EvacuationEntity::toRecord);
    }
  }

  @Override
  public Optional<EvacuationRecord> ofSaga(UUID saga) {
    synchronized (memory) {
      return all()
          .filter(each -> each.saga.equals(saga))
          .findFirst()
          .map(EvacuationEntity::toRecord);
    }
  }

  @Override
  public List<EvacuationRecord> list(EvacuationQuery query) {
    synchronized (memory) {
      return all()
          .map(EvacuationEntity::toRecord)
          .filter(e -> query.server().map(e.server()::equals).orElse(true))
          .filter(e -> query.source().map(e.source()::equals).orElse(true))
          .filter(e ->
              query
                  .host()
                  .map(host -> host.equals(e.source()) || e.destination().equals(Optional.of(host)))
                  .orElse(true))
          .filter(e -> query.status().map(e.status()::equals).orElse(true))
          .filter(e -> query.user().map(e.user()::equals).orElse(true))
          .filter(e -> query.project().map(e.project()::equals).orElse(true))
          .filter(e -> query.changesSince().map(t -> !e.updatedAt().isBefore(t)).orElse(true))
          .filter(e -> query.before().map(number -> e.number() < number).orElse(true))
          .sorted(Comparator.comparingLong(EvacuationRecord::number).reversed())
          .limit(query.limit())
          .toList();
    }
  }

  @Override
  public boolean reliesOn(HostName source) {
    synchronized (memory) {
      return all().anyMatch(each -> each.source.equals(source.value()) && each.relies());
    }
  }

  private record Held(SagaEntity saga, ServerEntity server, EvacuationEntity evacuation) {}

  private Held hold(Lease lease, UUID id) {
    SagaEntity saga = memory.hold(lease);
    EvacuationEntity evacuation = Objects.requireNonNull(memory.evacuations.get(id));
    Evacuating.requireOf(evacuation, saga);
    return new Held(saga, memory.serverOf(saga, saga.server), evacuation);
  }

  @Override
  public void chosen(Lease lease, UUID id, HostName destination, ClaimId claim) {
    synchronized (memory) {
      Held held = hold(lease, id);
      memory.requireHeld(claim, held.server().id, destination);
      held.evacuation().chosen(destination, claim, held.server(), memory.now);
    }
  }

  @Override
  public void ownerChanged(Lease lease, UUID id) {
    synchronized (memory) {
      Held held = hold(lease, id);
      if (held.evacuation().ownerChangedAt != null) {
        return;
      }
      requireFenced(held.evacuation().source);
      ServerEntity server = held.server();
      memory.requireHeld(
          new ClaimId(Objects.requireNonNull(held.evacuation().destinationClaim)),
          server.id,
          new HostName(Objects.requireNonNull(held.evacuation().destination)));
      held.evacuation().changeOwner(server, memory.now);
      memory.releaseAllBut(server.id, server.claim);
      memory.fences.values().stream()
          .filter(fence -> fence.server.equals(server.id))
          .filter(fence -> fence.host.equals(held.evacuation().source))
          .filter(fence -> fence.reliedOnAt != null && fence.settledAt == null)
          .forEach(fence -> fence.settle(Outcome.OVERTAKEN, Evacuating.OVERTAKEN, memory.now));
    }
  }

  @Override
  public void done(Lease lease, UUID id, VmState state) {
    synchronized (memory) {
      Held held = hold(lease, id);
      Evacuating.is(held.server(), state, memory.now);
      held.evacuation().end(EvacuationStatus.DONE, null, memory.now);
      memory.end(held.saga(), held.server(), Optional.empty());
    }
  }

  @Override
  public void failed(Lease lease, UUID id, Failure failure, boolean broken, List<HostName> leftAt) {
    synchronized (memory) {
      Held held = hold(lease, id);
      ServerEntity server = held.server();
      if (broken) {
        server.vmState = VmState.ERROR;
        server.power = PowerState.NOSTATE;
        server.fault(failure, memory.now);
      }
      memory.releaseAllBut(server.id, server.claim);
      keep(held.evacuation(), leftAt);
      held.evacuation()
          .end(broken ? EvacuationStatus.ERROR : EvacuationStatus.FAILED, failure, memory.now);
      memory.end(held.saga(), server, Optional.of(failure));
    }
  }

  @Override
  public void leftBehind(Lease lease, UUID id, List<HostName> hosts) {
    synchronized (memory) {
      keep(hold(lease, id).evacuation(), hosts);
    }
  }

  private void keep(EvacuationEntity evacuation, List<HostName> hosts) {
    for (HostName host : hosts) {
      boolean known =
          memory.leftovers.stream()
              .anyMatch(each ->
                  each.evacuation.equals(evacuation.uuid) && each.host.equals(host.value()));
      if (!known) {
        EvacuationLeftoverEntity left = EvacuationLeftoverEntity.of(evacuation, host, memory.now);
        left.number = memory.nextNumber();
        memory.leftovers.add(left);
      }
    }
  }

  @Override
  public List<EvacuationRecord> owing(int limit) {
    synchronized (memory) {
      return all()
          .filter(EvacuationEntity::owes)
          .filter(each -> hasReported(each.source, Objects.requireNonNull(each.ownerChangedAt)))
          .limit(limit)
          .map(EvacuationEntity::toRecord)
          .toList();
    }
  }

  private boolean hasReported(String host, Instant since) {
    return Objects.requireNonNull(memory.hosts.get(host)).lastSeen.isAfter(since);
  }

  @Override
  public void settle(UUID id, Outcome outcome, String said) {
    synchronized (memory) {
      Objects.requireNonNull(memory.evacuations.get(id)).settle(outcome, said, memory.now);
    }
  }

  @Override
  public List<Leftover> leftovers(int limit) {
    synchronized (memory) {
      return memory.leftovers.stream()
          .filter(each -> each.settledAt == null && hasReported(each.host, each.leftAt))
          .limit(limit)
          .map(EvacuationLeftoverEntity::toRecord)
          .toList();
    }
  }

  @Override
  public void takenBack(Leftover leftover, Optional<VmState> state) {
    synchronized (memory) {
      memory.leftovers.stream()
          .filter(each -> each.settledAt == null && each.toRecord().equals(leftover))
          .forEach(each -> {
            each.settledAt = memory.now;
            state.ifPresent(is ->
                Optional.ofNullable(memory.servers.get(each.server))
                    .ifPresent(of -> each.takenBack(of, is, memory.now)));
          });
    }
  }

  @Override
  public List<HostName> owed(UUID migration) {
    synchronized (memory) {
      return memory.leftovers.stream()
          .filter(each -> each.evacuation.equals(migration) && each.settledAt == null)
          .map(each -> new HostName(each.host))
          .distinct()
          .sorted(java.util.Comparator.comparing(HostName::value))
          .toList();
    }
  }

  @Override
  public void removed(Leftover leftover) {
    synchronized (memory) {
      memory.leftovers.stream()
          .filter(each -> each.toRecord().equals(leftover))
          .forEach(each -> each.settledAt = memory.now);
    }
  }
}
