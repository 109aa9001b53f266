package dev.tern.store;

import dev.tern.contract.Failure;
import dev.tern.contract.ImageId;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.agent.NbdExport;
import dev.tern.store.HibernateDiskCopyStore.Refusals;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

final class InMemoryDiskCopyStore implements DiskCopyStore {
  private final Memory memory;
  private final ImageStore images;

  InMemoryDiskCopyStore(Memory memory, ImageStore images) {
    this.memory = memory;
    this.images = images;
  }

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
    synchronized (memory) {
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
  }

  private CopyRecord request(
      NewCopy copy,
      Purpose purpose,
      @Nullable UUID image,
      TaskState task,
      SagaKind kind,
      String action,
      Requested by) {
    synchronized (memory) {
      ServerEntity server = memory.server(copy.server());
      Requests.guard(server, action, HibernateDiskCopyStore.WITH_DISKS);
      DiskCopyEntity entity = DiskCopyEntity.of(copy, purpose, memory.now);
      entity.image = image;
      copy.order().export().ifPresent(this::requireFree);
      entity.saga = memory.accept(server, task, kind, null, action, by);
      memory.copies.put(entity.id, entity);
      return entity.toRecord();
    }
  }

  private void requireFree(NbdExport target) {
    if (memory.isTarget(target)) {
      throw ExportUse.target(target, null);
    }
    if (target.volume().filter(memory::isVolume).isPresent()) {
      throw ExportUse.volume(target);
    }
  }

  @Override
  public CopyRecord wish(UUID id, Wish wish) {
    synchronized (memory) {
      DiskCopyEntity copy = open(id);
      if (copy.wish != Wish.CANCEL) {
        copy.wish = wish;
        copy.updatedAt = memory.now;
      }
      memory.wake(copy.saga);
      return copy.toRecord();
    }
  }

  @Override
  public CopyRecord limit(UUID id, long bytesPerSecond) {
    synchronized (memory) {
      DiskCopyEntity copy = open(id);
      copy.bytesPerSecond = bytesPerSecond;
      copy.updatedAt = memory.now;
      return copy.toRecord();
    }
  }

  private DiskCopyEntity open(UUID id) {
    DiskCopyEntity copy = entity(id);
    if (copy.status == CopyStatus.ENDING || copy.status.ended()) {
      throw Refusals.tooLate(id, copy.status);
    }
    return copy;
  }

  private DiskCopyEntity entity(UUID id) {
    return Optional.ofNullable(memory.copies.get(id)).orElseThrow(() -> Refusals.noCopy(id));
  }

  @Override
  public Optional<CopyRecord> find(UUID id) {
    synchronized (memory) {
      return Optional.ofNullable(memory.copies.get(id)).map(DiskCopyEntity::toRecord);
    }
  }

  @Override
  public Optional<CopyRecord> ofSaga(UUID saga) {
    synchronized (memory) {
      return memory.copies.values().stream()
          .filter(copy -> copy.saga.equals(saga))
          .findFirst()
          .map(DiskCopyEntity::toRecord);
    }
  }

  @Override
  public List<CopyRecord> list(ServerId server, String disk, int limit) {
    synchronized (memory) {
      return memory.copies.values().stream()
          .filter(copy -> copy.server.equals(server.value()) && copy.disk.equals(disk))
          .sorted(
              Comparator.comparing((DiskCopyEntity copy) -> copy.createdAt)
                  .reversed()
                  .thenComparing(copy -> copy.id.toString()))
          .limit(limit)
          .map(DiskCopyEntity::toRecord)
          .toList();
    }
  }

  private record Held(SagaEntity saga, ServerEntity server, DiskCopyEntity copy) {}

  private Held hold(Lease lease, UUID id) {
    SagaEntity saga = memory.hold(lease);
    DiskCopyEntity copy = entity(id);
    if (!copy.saga.equals(saga.id)) {
      throw new IllegalArgumentException("saga %s is not of copy %s".formatted(saga.id, id));
    }
    return new Held(saga, memory.serverOf(saga, saga.server), copy);
  }

  @Override
  public void progress(Lease lease, UUID id, Seen seen) {
    synchronized (memory) {
      Held held = hold(lease, id);
      held.copy().seen(seen, memory.now);
      held.server().progress = held.copy().percent();
    }
  }

  @Override
  public void task(Lease lease, UUID id, TaskState task) {
    synchronized (memory) {
      Held held = hold(lease, id);
      if (held.server().task != TaskState.DELETING) {
        held.server().task = task;
        held.server().updatedAt = memory.now;
      }
    }
  }

  @Override
  public Optional<Wish> decide(Lease lease, UUID id) {
    synchronized (memory) {
      DiskCopyEntity copy = hold(lease, id).copy();
      if (copy.wish != null && copy.wish != Wish.CANCEL) {
        copy.status = CopyStatus.ENDING;
        copy.updatedAt = memory.now;
      }
      return Optional.ofNullable(copy.wish);
    }
  }

  @Override
  public void ended(
      Lease lease, UUID id, CopyStatus status, Optional<String> layer, Optional<Failure> failure) {
    synchronized (memory) {
      Held held = hold(lease, id);
      held.copy().end(status, layer, failure, memory.now);
      if (held.copy().image != null && status != CopyStatus.FINISHED) {
        ImageId image = new ImageId(held.copy().image);
        if (images.find(image).filter(i -> i.status() != ImageStatus.ACTIVE).isPresent()) {
          images.delete(image);
        }
      }
      memory.end(held.saga(), held.server(), failure);
    }
  }
}
