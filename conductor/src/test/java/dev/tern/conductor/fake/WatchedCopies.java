package dev.tern.conductor.fake;

import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.Requested;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** A store of copies that remembers what was written over. */
final class WatchedCopies implements DiskCopyStore {
  private final DiskCopyStore copies;

  /** Every task a server was given, in order. */
  final List<TaskState> tasks = new ArrayList<>();

  /** How far copies were, each time it was written. */
  final List<Seen> seen = new ArrayList<>();

  WatchedCopies(DiskCopyStore copies) {
    this.copies = copies;
  }

  @Override
  public void progress(Lease lease, UUID id, Seen now) {
    copies.progress(lease, id, now);
    seen.add(now);
  }

  @Override
  public void task(Lease lease, UUID id, TaskState task) {
    copies.task(lease, id, task);
    tasks.add(task);
  }

  @Override
  public CopyRecord requestCopy(NewCopy copy, Requested by) {
    return copies.requestCopy(copy, by);
  }

  @Override
  public CopyRecord requestSnapshot(NewCopy copy, Requested by) {
    return copies.requestSnapshot(copy, by);
  }

  @Override
  public CopyRecord requestImage(NewCopy copy, ImageRecord image, Requested by) {
    return copies.requestImage(copy, image, by);
  }

  @Override
  public CopyRecord wish(UUID id, Wish wish) {
    return copies.wish(id, wish);
  }

  @Override
  public CopyRecord limit(UUID id, long bytesPerSecond) {
    return copies.limit(id, bytesPerSecond);
  }

  @Override
  public Optional<CopyRecord> find(UUID id) {
    return copies.find(id);
  }

  @Override
  public Optional<CopyRecord> ofSaga(UUID saga) {
    return copies.ofSaga(saga);
  }

  @Override
  public List<CopyRecord> list(ServerId server, String disk, int limit) {
    return copies.list(server, disk, limit);
  }

  @Override
  public Optional<Wish> decide(Lease lease, UUID id) {
    return copies.decide(lease, id);
  }

  @Override
  public void ended(
      Lease lease, UUID id, CopyStatus status, Optional<String> layer, Optional<Failure> failure) {
    copies.ended(lease, id, status, layer, failure);
  }
}
