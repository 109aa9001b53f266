package dev.tern.api.fakes;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.Requested;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Copies that were asked for; nobody carries them out. */
public final class InMemoryCopies implements DiskCopyStore {
  private final Map<UUID, CopyRecord> all = new LinkedHashMap<>();
  private final InMemoryImages images;
  private final Clock clock;

  public InMemoryCopies(InMemoryImages images, Clock clock) {
    this.images = images;
    this.clock = clock;
  }

  public synchronized void clear() {
    all.clear();
  }

  public synchronized List<CopyRecord> asked() {
    return new ArrayList<>(all.values());
  }

  @Override
  public CopyRecord requestCopy(NewCopy copy, Requested by) {
    return add(copy, Purpose.COPY, Optional.empty());
  }

  @Override
  public CopyRecord requestSnapshot(NewCopy copy, Requested by) {
    return add(copy, Purpose.SNAPSHOT, Optional.empty());
  }

  @Override
  public CopyRecord requestImage(NewCopy copy, ImageRecord image, Requested by) {
    images.create(image);
    return add(copy, Purpose.IMAGE, Optional.of(image));
  }

  private synchronized CopyRecord add(NewCopy copy, Purpose purpose, Optional<ImageRecord> image) {
    CopyRecord made =
        new CopyRecord(
            copy.order().id(),
            new UUID(1, 1),
            copy.server(),
            purpose,
            image.map(ImageRecord::id),
            copy.order(),
            copy.wish(),
            CopyStatus.ACCEPTED,
            copy.order().bytesPerSecond(),
            0,
            0,
            0,
            Optional.of("/secret/path"),
            Optional.empty(),
            Optional.empty(),
            clock.instant(),
            clock.instant(),
            Optional.empty());
    all.put(made.id(), made);
    return made;
  }

  @Override
  public synchronized CopyRecord wish(UUID id, Wish wish) {
    CopyRecord was = open(id);
    return put(was, Optional.of(wish), was.bytesPerSecond(), was.status());
  }

  @Override
  public synchronized CopyRecord limit(UUID id, long bytesPerSecond) {
    CopyRecord was = open(id);
    return put(was, was.wish(), bytesPerSecond, was.status());
  }

  /** What a conductor would have written. */
  public synchronized void end(UUID id) {
    CopyRecord was = open(id);
    put(was, was.wish(), was.bytesPerSecond(), CopyStatus.FINISHED);
  }

  private CopyRecord open(UUID id) {
    return find(id)
        .filter(copy -> !copy.status().ended())
        .orElseThrow(
            () -> new ComputeException(ErrorCode.INSTANCE_INVALID_STATE, "It is ending.", null));
  }

  private CopyRecord put(CopyRecord was, Optional<Wish> wish, long limit, CopyStatus status) {
    CopyRecord now =
        new CopyRecord(
            was.id(),
            was.saga(),
            was.server(),
            was.purpose(),
            was.image(),
            was.order(),
            wish,
            status,
            limit,
            was.total(),
            was.copied(),
            was.rate(),
            was.file(),
            was.layer(),
            was.failure(),
            was.createdAt(),
            was.updatedAt(),
            was.endedAt());
    all.put(now.id(), now);
    return now;
  }

  @Override
  public synchronized Optional<CopyRecord> find(UUID id) {
    return Optional.ofNullable(all.get(id));
  }

  @Override
  public Optional<CopyRecord> ofSaga(UUID saga) {
    return Optional.empty();
  }

  @Override
  public synchronized List<CopyRecord> list(ServerId server, String disk, int limit) {
    return all.values().stream()
        .filter(copy -> copy.server().equals(server) && copy.order().disk().equals(disk))
        .limit(limit)
        .toList();
  }

  @Override
  public void progress(Lease lease, UUID id, Seen seen) {
    throw new UnsupportedOperationException("a conductor's");
  }

  @Override
  public void task(Lease lease, UUID id, TaskState task) {
    throw new UnsupportedOperationException("a conductor's");
  }

  @Override
  public Optional<Wish> decide(Lease lease, UUID id) {
    throw new UnsupportedOperationException("a conductor's");
  }

  @Override
  public void ended(
      Lease lease, UUID id, CopyStatus status, Optional<String> layer, Optional<Failure> failure) {
    throw new UnsupportedOperationException("a conductor's");
  }
}
