package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.NbdExport;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.hibernate.exception.ConstraintViolationException;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateDiskCopyStore implements DiskCopyStore {
  static final Set<VmState> WITH_DISKS = Set.of(VmState.ACTIVE, VmState.PAUSED, VmState.STOPPED);

  private final EntityManager entities;
  private final Rows rows;
  private final Requests requests;
  private final Endings endings;
  private final ImageStore images;
  private final ExportUse exports;

  HibernateDiskCopyStore(
      EntityManager entities, Rows rows, Requests requests, Endings endings, ImageStore images) {
    this.entities = entities;
    this.rows = rows;
    this.requests = requests;
    this.endings = endings;
    this.images = images;
    this.exports = new ExportUse(entities);
  }

  // ---- requests

  @Override
  public CopyRecord requestCopy(NewCopy copy, Requested by) {
    return request(
        copy, Purpose.COPY, null, TaskState.COPYING_DISK, SagaKind.DISK_COPY, "copyDisk", by);
  }

  @Override
  public CopyRecord requestSnapshot(NewCopy copy, Requested by) {
    return request(
        copy,
        Purpose.SNAPSHOT,
        null,
        TaskState.SNAPSHOTTING_DISK,
        SagaKind.DISK_SNAPSHOT,
        "snapshotDisk",
        by);
  }

  @Override
  public CopyRecord requestImage(NewCopy copy, ImageRecord image, Requested by) {
    CopyRecord accepted =
        request(
            copy,
            Purpose.IMAGE,
            image.id().value(),
            TaskState.IMAGE_SNAPSHOT,
            SagaKind.CREATE_IMAGE,
            "createImage",
            by);
    images.create(image);
    return accepted;
  }

  private CopyRecord request(
      NewCopy copy,
      Purpose purpose,
      @Nullable UUID image,
      TaskState task,
      SagaKind kind,
      String action,
      Requested by) {
    ServerEntity server = requests.server(copy.server());
    Requests.guard(server, action, WITH_DISKS);
    Instant now = rows.now();
    DiskCopyEntity entity = DiskCopyEntity.of(copy, purpose, now);
    entity.image = image;
    Optional<NbdExport> target = copy.order().export();
    target.ifPresent(this::requireFree);
    entity.saga = requests.accept(server, task, kind, null, action, by, now);
    // It refers to the saga, and Hibernate would insert in an order of its own.
    entities.flush();
    try {
      entities.persist(entity);
      entities.flush();
    } catch (ConstraintViolationException e) {
      if (target.isEmpty()) {
        throw e;
      }
      // Another request for the same target came in between: the index knows.
      throw ExportUse.target(target.get(), e);
    }
    return entity.toRecord();
  }

  private void requireFree(NbdExport target) {
    exports.hold(target);
    if (exports.isTarget(target)) {
      throw ExportUse.target(target, null);
    }
    if (target.volume().filter(exports::isVolume).isPresent()) {
      throw ExportUse.volume(target);
    }
  }

  @Override
  public CopyRecord wish(UUID id, Wish wish) {
    DiskCopyEntity copy = lockOpen(id);
    Instant now = rows.now();
    if (copy.wish != Wish.CANCEL) {
      copy.wish = wish;
      copy.updatedAt = now;
    }
    rows.wake(copy.saga, now);
    return copy.toRecord();
  }

  @Override
  public CopyRecord limit(UUID id, long bytesPerSecond) {
    DiskCopyEntity copy = lockOpen(id);
    copy.bytesPerSecond = bytesPerSecond;
    copy.updatedAt = rows.now();
    return copy.toRecord();
  }

  private DiskCopyEntity lockOpen(UUID id) {
    DiskCopyEntity copy = lock(id).orElseThrow(() -> Refusals.noCopy(id));
    if (copy.status == CopyStatus.ENDING || copy.status.ended()) {
      throw Refusals.tooLate(id, copy.status);
    }
    return copy;
  }

  private Optional<DiskCopyEntity> lock(UUID id) {
    return Optional.ofNullable(
        entities.find(DiskCopyEntity.class, id, LockModeType.PESSIMISTIC_WRITE));
  }

  // ---- reading

  @Override
  @Transactional(readOnly = true)
  public Optional<CopyRecord> find(UUID id) {
    return Optional.ofNullable(entities.find(DiskCopyEntity.class, id))
        .map(DiskCopyEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<CopyRecord> ofSaga(UUID saga) {
    return entities
        .createQuery("from DiskCopyEntity c where c.saga = :saga", DiskCopyEntity.class)
        .setParameter("saga", saga)
        .getResultStream()
        .findFirst()
        .map(DiskCopyEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public List<CopyRecord> list(ServerId server, String disk, int limit) {
    return entities
        .createQuery(
            "from DiskCopyEntity c where c.server = :server and c.disk = :disk"
                + " order by c.createdAt desc, c.id",
            DiskCopyEntity.class)
        .setParameter("server", server.value())
        .setParameter("disk", disk)
        .setMaxResults(limit)
        .getResultList()
        .stream()
        .map(DiskCopyEntity::toRecord)
        .toList();
  }

  // ---- what the conductor writes

  private record Held(SagaEntity saga, ServerEntity server, DiskCopyEntity copy) {}

  private Held hold(Lease lease, UUID id) {
    SagaEntity saga = rows.hold(lease);
    ServerEntity server = rows.lockServerOf(saga, saga.server);
    DiskCopyEntity copy = lock(id).orElseThrow(() -> Refusals.noCopy(id));
    if (!copy.saga.equals(saga.id)) {
      throw new IllegalArgumentException("saga %s is not of copy %s".formatted(saga.id, id));
    }
    return new Held(saga, server, copy);
  }

  @Override
  public void progress(Lease lease, UUID id, Seen seen) {
    Held held = hold(lease, id);
    held.copy().seen(seen, rows.now());
    held.server().progress = held.copy().percent();
  }

  @Override
  public void task(Lease lease, UUID id, TaskState task) {
    Held held = hold(lease, id);
    if (held.server().task != TaskState.DELETING) {
      held.server().task = task;
      held.server().updatedAt = rows.now();
    }
  }

  @Override
  public Optional<Wish> decide(Lease lease, UUID id) {
    DiskCopyEntity copy = hold(lease, id).copy();
    if (copy.wish != null && copy.wish != Wish.CANCEL) {
      copy.status = CopyStatus.ENDING;
      copy.updatedAt = rows.now();
    }
    return Optional.ofNullable(copy.wish);
  }

  @Override
  public void ended(
      Lease lease, UUID id, CopyStatus status, Optional<String> layer, Optional<Failure> failure) {
    Held held = hold(lease, id);
    Instant now = rows.now();
    held.copy().end(status, layer, failure, now);
    if (held.copy().image != null && status != CopyStatus.FINISHED) {
      Optional.ofNullable(entities.find(ImageEntity.class, held.copy().image))
          .filter(image -> image.status != ImageStatus.ACTIVE)
          .ifPresent(entities::remove);
    }
    endings.end(held.saga(), held.server(), failure, now);
  }

  /** What is said to who asks for a copy that is not there, or not any more. */
  static final class Refusals {
    private Refusals() {}

    static ComputeException noCopy(UUID id) {
      return new ComputeException(
          ErrorCode.DISK_COPY_NOT_FOUND, "Disk copy %s could not be found.".formatted(id), null);
    }

    static ComputeException tooLate(UUID id, CopyStatus status) {
      return new ComputeException(
          ErrorCode.INSTANCE_INVALID_STATE,
          "Disk copy %s can be changed no more: it is %s."
              .formatted(id, status.name().toLowerCase(java.util.Locale.ROOT)),
          null);
    }
  }
}
