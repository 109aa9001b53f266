package dev.tern.store;

import dev.tern.contract.Failure;
import dev.tern.contract.ImageId;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.Requested;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What is asked of the disks of a server: copies, snapshots, images made of them. Each locks the
 * server as any task does, so that a disk has one copy at a time and none while the server moves.
 */
public interface DiskCopyStore {
  // ---- requests: the server is ACTIVE, PAUSED or STOPPED and has no task, or they are refused
  // with
  // INSTANCE_NOT_FOUND or INSTANCE_INVALID_STATE, in Nova's words

  /**
   * Task COPYING_DISK, action {@code copyDisk}, saga {@code DISK_COPY}.
   *
   * @throws dev.tern.contract.ComputeException besides, {@code VOLUME_IN_USE} while another copy,
   *     of whichever server, goes to the same export outside of Tern; compared by address
   */
  CopyRecord requestCopy(NewCopy copy, Requested by);

  /** Task SNAPSHOTTING_DISK, action {@code snapshotDisk}, saga {@code DISK_SNAPSHOT}. */
  CopyRecord requestSnapshot(NewCopy copy, Requested by);

  /**
   * Task IMAGE_SNAPSHOT, action {@code createImage}, saga {@code CREATE_IMAGE}, and the image,
   * queued.
   */
  CopyRecord requestImage(NewCopy copy, ImageRecord image, Requested by);

  /**
   * Says how a copy is to end.
   *
   * @throws dev.tern.contract.ComputeException {@code DISK_COPY_NOT_FOUND}, or {@code
   *     INSTANCE_INVALID_STATE} when it has ended or is just ending
   */
  CopyRecord wish(UUID id, Wish wish);

  /**
   * Changes the limit of a copy that runs. Refusals as for a wish.
   *
   * @param bytesPerSecond 0 is unlimited
   */
  CopyRecord limit(UUID id, long bytesPerSecond);

  // ---- reading

  Optional<CopyRecord> find(UUID id);

  Optional<CopyRecord> ofSaga(UUID saga);

  /** Of one disk, newest first, ended ones too. */
  List<CopyRecord> list(ServerId server, String disk, int limit);

  // ---- what the conductor writes, under its lease

  /** How far it is; the server's progress follows. */
  void progress(Lease lease, UUID id, Seen seen);

  /** The server's task goes on under another name. */
  void task(Lease lease, UUID id, TaskState task);

  /** From now on no wish is taken. The wish that counts. */
  Optional<Wish> decide(Lease lease, UUID id);

  /**
   * Ends copy, task, saga and action. An image that did not become active goes when the ending is
   * no success.
   *
   * @param layer the digest of what a snapshot froze
   */
  void ended(
      Lease lease, UUID id, CopyStatus status, Optional<String> layer, Optional<Failure> failure);

  /** What the disk is copied for. */
  enum Purpose {
    COPY,
    SNAPSHOT,
    IMAGE
  }

  /** How a copy is to end. */
  enum Wish {
    PIVOT,
    FINISH,
    CANCEL
  }

  /** Where it stands. */
  enum CopyStatus {
    ACCEPTED,
    COPYING,
    READY,
    ENDING,
    /** The disk is the copy. */
    PIVOTED,
    /** The copy, snapshot or image is there. */
    FINISHED,
    CANCELLED,
    FAILED;

    /** Nothing more happens. */
    public boolean ended() {
      return switch (this) {
        case ACCEPTED, COPYING, READY, ENDING -> false;
        case PIVOTED, FINISHED, CANCELLED, FAILED -> true;
      };
    }
  }

  /**
   * A copy asked for.
   *
   * @param order its id is the copy's
   * @param wish empty waits for one
   */
  record NewCopy(ServerId server, CopyOrder order, Optional<Wish> wish) {}

  /**
   * How far it is.
   *
   * @param rate bytes per second, since the look before
   * @param file its path on the host
   */
  record Seen(CopyStatus status, long total, long copied, long rate, Optional<String> file) {}

  /**
   * A copy.
   *
   * @param bytesPerSecond the limit wanted now; 0 is unlimited
   * @param layer digest of the layer a snapshot froze
   */
  record CopyRecord(
      UUID id,
      UUID saga,
      ServerId server,
      Purpose purpose,
      Optional<ImageId> image,
      CopyOrder order,
      Optional<Wish> wish,
      CopyStatus status,
      long bytesPerSecond,
      long total,
      long copied,
      long rate,
      Optional<String> file,
      Optional<String> layer,
      Optional<Failure> failure,
      Instant createdAt,
      Instant updatedAt,
      Optional<Instant> endedAt) {}
}
