package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.agent.NbdExport;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.hibernate.exception.ConstraintViolationException;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateVolumeStore implements VolumeStore {
  static final String ATTACH = "attach_volume";
  static final String DETACH = "detach_volume";

  private final EntityManager entities;
  private final Rows rows;
  private final Requests requests;
  private final Endings endings;
  private final ExportUse exports;

  HibernateVolumeStore(EntityManager entities, Rows rows, Requests requests, Endings endings) {
    this.entities = entities;
    this.exports = new ExportUse(entities);
    this.rows = rows;
    this.requests = requests;
    this.endings = endings;
  }

  // ---- requests

  @Override
  public VolumeRecord requestAttach(ServerId id, VolumeRef volume, Requested by) {
    ServerEntity server = requests.server(id);
    Requests.guard(server, ATTACH, HibernateDiskCopyStore.WITH_DISKS);
    Instant now = rows.now();
    VolumeEntity entity = VolumeEntity.of(id, volume, now);
    requireFree(volume.address());
    entity.saga =
        requests.accept(
            server, TaskState.ATTACHING_VOLUME, SagaKind.VOLUME_ATTACH, null, ATTACH, by, now);
    // It refers to the saga, and Hibernate would insert in an order of its own.
    entities.flush();
    try {
      entities.persist(entity);
      entities.flush();
    } catch (ConstraintViolationException e) {
      // Somebody else's request came in between: the index knows.
      throw ExportUse.attached(volume.address(), e);
    }
    return entity.toRecord();
  }

  private void requireFree(VolumeAddress wanted) {
    NbdExport export = ExportUse.of(wanted);
    exports.hold(export);
    if (exports.isVolume(wanted)) {
      throw ExportUse.attached(wanted, null);
    }
    if (exports.isTarget(export)) {
      throw ExportUse.filling(wanted);
    }
  }

  @Override
  public VolumeRecord requestDetach(ServerId id, UUID volume, Requested by) {
    ServerEntity server = requests.server(id);
    Requests.guard(server, DETACH, HibernateDiskCopyStore.WITH_DISKS);
    VolumeEntity entity =
        lock(volume).filter(v -> v.attachedTo(id)).orElseThrow(() -> Refusals.none(id, volume));
    Instant now = rows.now();
    UUID saga =
        requests.accept(
            server, TaskState.DETACHING_VOLUME, SagaKind.VOLUME_DETACH, null, DETACH, by, now);
    entities.flush();
    entity.detaching(saga, now);
    return entity.toRecord();
  }

  private Optional<VolumeEntity> lock(UUID id) {
    return Optional.ofNullable(
        entities.find(VolumeEntity.class, id, LockModeType.PESSIMISTIC_WRITE));
  }

  // ---- reading

  @Override
  @Transactional(readOnly = true)
  public Optional<VolumeRecord> find(UUID id) {
    return Optional.ofNullable(entities.find(VolumeEntity.class, id)).map(VolumeEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<VolumeRecord> ofSaga(UUID saga) {
    return entities
        .createQuery("from VolumeEntity v where v.saga = :saga", VolumeEntity.class)
        .setParameter("saga", saga)
        .getResultStream()
        .findFirst()
        .map(VolumeEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public Map<ServerId, List<VolumeRecord>> of(Collection<ServerId> servers) {
    if (servers.isEmpty()) {
      return Map.of();
    }
    return entities
        .createQuery(
            "from VolumeEntity v where v.server in :servers and v.endedAt is null"
                + " order by v.createdAt, v.id",
            VolumeEntity.class)
        .setParameter("servers", servers.stream().map(ServerId::value).toList())
        .getResultList()
        .stream()
        .map(VolumeEntity::toRecord)
        .collect(Collectors.groupingBy(VolumeRecord::server));
  }

  // ---- what the conductor writes

  private record Held(SagaEntity saga, ServerEntity server, VolumeEntity volume) {}

  private Held hold(Lease lease, UUID id) {
    SagaEntity saga = rows.hold(lease);
    ServerEntity server = rows.lockServerOf(saga, saga.server);
    VolumeEntity volume = lock(id).orElseThrow(() -> Refusals.none(new ServerId(saga.server), id));
    if (!volume.saga.equals(saga.id)) {
      throw new IllegalArgumentException("saga %s is not of volume %s".formatted(saga.id, id));
    }
    return new Held(saga, server, volume);
  }

  @Override
  public void attached(Lease lease, UUID id, long bytes) {
    Held held = hold(lease, id);
    Instant now = rows.now();
    held.volume().attached(bytes, now);
    endings.end(held.saga(), held.server(), Optional.empty(), now);
  }

  @Override
  public void detached(Lease lease, UUID id) {
    Held held = hold(lease, id);
    Instant now = rows.now();
    held.volume().detached(now);
    endings.end(held.saga(), held.server(), Optional.empty(), now);
  }

  @Override
  public void failed(Lease lease, UUID id, Failure failure) {
    Held held = hold(lease, id);
    Instant now = rows.now();
    held.volume().failed(failure, now);
    endings.end(held.saga(), held.server(), Optional.of(failure), now);
  }

  /** What is said to who asks for what cannot be. */
  static final class Refusals {
    private Refusals() {}

    static ComputeException none(ServerId server, UUID volume) {
      return new ComputeException(
          ErrorCode.VOLUME_NOT_FOUND,
          "Volume %s is not attached to instance %s.".formatted(volume, server),
          null);
    }
  }
}
