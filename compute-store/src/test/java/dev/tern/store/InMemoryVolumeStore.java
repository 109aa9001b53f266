package dev.tern.store;

import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.store.HibernateVolumeStore.Refusals;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

final class InMemoryVolumeStore implements VolumeStore {
  private final Memory memory;

  InMemoryVolumeStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public VolumeRecord requestAttach(ServerId id, VolumeRef volume, Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(id);
      Requests.guard(server, HibernateVolumeStore.ATTACH, HibernateDiskCopyStore.WITH_DISKS);
      if (memory.isVolume(volume.address())) {
        throw ExportUse.attached(volume.address(), null);
      }
      if (memory.isTarget(ExportUse.of(volume.address()))) {
        throw ExportUse.filling(volume.address());
      }
      VolumeEntity entity = VolumeEntity.of(id, volume, memory.now);
      entity.saga =
          memory.accept(
              server,
              TaskState.ATTACHING_VOLUME,
              SagaKind.VOLUME_ATTACH,
              null,
              HibernateVolumeStore.ATTACH,
              by);
      memory.volumes.put(entity.id, entity);
      return entity.toRecord();
    }
  }

  @Override
  public VolumeRecord requestDetach(ServerId id, UUID volume, Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(id);
      Requests.guard(server, HibernateVolumeStore.DETACH, HibernateDiskCopyStore.WITH_DISKS);
      VolumeEntity entity =
          Optional.ofNullable(memory.volumes.get(volume))
              .filter(v -> v.attachedTo(id))
              .orElseThrow(() -> Refusals.none(id, volume));
      entity.detaching(
          memory.accept(
              server,
              TaskState.DETACHING_VOLUME,
              SagaKind.VOLUME_DETACH,
              null,
              HibernateVolumeStore.DETACH,
              by),
          memory.now);
      return entity.toRecord();
    }
  }

  @Override
  public Optional<VolumeRecord> find(UUID id) {
    synchronized (memory) {
      return Optional.ofNullable(memory.volumes.get(id)).map(VolumeEntity::toRecord);
    }
  }

  @Override
  public Optional<VolumeRecord> ofSaga(UUID saga) {
    synchronized (memory) {
      return memory.volumes.values().stream()
          .filter(volume -> volume.saga.equals(saga))
          .findFirst()
          .map(VolumeEntity::toRecord);
    }
  }

  @Override
  public Map<ServerId, List<VolumeRecord>> of(Collection<ServerId> servers) {
    synchronized (memory) {
      return memory.volumes.values().stream()
          .filter(volume -> volume.endedAt == null)
          .map(VolumeEntity::toRecord)
          .filter(volume -> servers.contains(volume.server()))
          .collect(Collectors.groupingBy(VolumeRecord::server));
    }
  }

  private VolumeEntity held(SagaEntity saga, UUID id) {
    VolumeEntity volume =
        Optional.ofNullable(memory.volumes.get(id))
            .orElseThrow(() -> Refusals.none(new ServerId(saga.server), id));
    if (!volume.saga.equals(saga.id)) {
      throw new IllegalArgumentException("saga %s is not of volume %s".formatted(saga.id, id));
    }
    return volume;
  }

  @Override
  public void attached(Lease lease, UUID id, long bytes) {
    synchronized (memory) {
      SagaEntity saga = memory.hold(lease);
      held(saga, id).attached(bytes, memory.now);
      memory.end(saga, memory.serverOf(saga, saga.server), Optional.empty());
    }
  }

  @Override
  public void detached(Lease lease, UUID id) {
    synchronized (memory) {
      SagaEntity saga = memory.hold(lease);
      held(saga, id).detached(memory.now);
      memory.end(saga, memory.serverOf(saga, saga.server), Optional.empty());
    }
  }

  @Override
  public void failed(Lease lease, UUID id, Failure failure) {
    synchronized (memory) {
      SagaEntity saga = memory.hold(lease);
      held(saga, id).failed(failure, memory.now);
      memory.end(saga, memory.serverOf(saga, saga.server), Optional.of(failure));
    }
  }
}
