package dev.tern.conductor.fake;

import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.Requested;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One copy, kept as the database would. */
public final class KeptCopies implements DiskCopyStore {
  private final KeptSagas sagas;
  private @Nullable CopyRecord copy;

  /** Every task the server went through. */
  public final List<TaskState> tasks = new ArrayList<>();

  /** How far the copy was, each time it was written. */
  public final List<Seen> seen = new ArrayList<>();

  public KeptCopies(KeptSagas sagas) {
    this.sagas = sagas;
  }

  /** The request, as it was accepted. */
  public CopyRecord accept(UUID saga, Purpose purpose, NewCopy asked) {
    CopyRecord accepted =
        new CopyRecord(
            asked.order().id(),
            saga,
            asked.server(),
            purpose,
            purpose == Purpose.IMAGE
                ? Optional.of(new dev.tern.contract.ImageId(new UUID(0, 9)))
                : Optional.empty(),
            asked.order(),
            asked.wish(),
            CopyStatus.ACCEPTED,
            asked.order().bytesPerSecond(),
            0,
            0,
            0,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Instant.EPOCH,
            Instant.EPOCH,
            Optional.empty());
    copy = accepted;
    return accepted;
  }

  /** The copy as it is now. */
  public CopyRecord copy() {
    CopyRecord now = copy;
    if (now == null) {
      throw new IllegalStateException("no copy was asked for");
    }
    return now;
  }

  private void change(
      CopyStatus status,
      Optional<Wish> wish,
      long limit,
      Optional<String> layer,
      Optional<Failure> failure) {
    CopyRecord was = copy();
    copy =
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
            layer,
            failure,
            was.createdAt(),
            was.updatedAt(),
            status.ended() ? Optional.of(Instant.EPOCH) : Optional.empty());
  }

  @Override
  public CopyRecord requestCopy(NewCopy asked, Requested by) {
    throw new UnsupportedOperationException("asked before");
  }

  @Override
  public CopyRecord requestSnapshot(NewCopy asked, Requested by) {
    throw new UnsupportedOperationException("asked before");
  }

  @Override
  public CopyRecord requestImage(NewCopy asked, ImageRecord image, Requested by) {
    throw new UnsupportedOperationException("asked before");
  }

  @Override
  public CopyRecord wish(UUID id, Wish wish) {
    if (copy().status() == CopyStatus.ENDING || copy().status().ended()) {
      throw new IllegalStateException("too late");
    }
    change(
        copy().status(),
        Optional.of(wish),
        copy().bytesPerSecond(),
        Optional.empty(),
        Optional.empty());
    if (wish == Wish.CANCEL) {
      sagas.abort();
    }
    return copy();
  }

  @Override
  public CopyRecord limit(UUID id, long bytesPerSecond) {
    change(copy().status(), copy().wish(), bytesPerSecond, Optional.empty(), Optional.empty());
    return copy();
  }

  @Override
  public Optional<CopyRecord> find(UUID id) {
    return Optional.ofNullable(copy).filter(found -> found.id().equals(id));
  }

  @Override
  public Optional<CopyRecord> ofSaga(UUID saga) {
    return Optional.ofNullable(copy).filter(found -> found.saga().equals(saga));
  }

  @Override
  public List<CopyRecord> list(ServerId server, String disk, int limit) {
    return List.of(copy());
  }

  @Override
  public void progress(Lease lease, UUID id, Seen now) {
    sagas.check(lease);
    seen.add(now);
    if (copy().status() != CopyStatus.ENDING) {
      change(
          now.status(), copy().wish(), copy().bytesPerSecond(), Optional.empty(), Optional.empty());
    }
  }

  @Override
  public void task(Lease lease, UUID id, TaskState task) {
    sagas.check(lease);
    tasks.add(task);
  }

  @Override
  public Optional<Wish> decide(Lease lease, UUID id) {
    sagas.check(lease);
    if (copy().wish().filter(wish -> wish != Wish.CANCEL).isPresent()) {
      change(
          CopyStatus.ENDING,
          copy().wish(),
          copy().bytesPerSecond(),
          Optional.empty(),
          Optional.empty());
    }
    return copy().wish();
  }

  @Override
  public void ended(
      Lease lease, UUID id, CopyStatus status, Optional<String> layer, Optional<Failure> failure) {
    sagas.check(lease);
    change(status, copy().wish(), copy().bytesPerSecond(), layer, failure);
    sagas.end(lease);
  }
}
