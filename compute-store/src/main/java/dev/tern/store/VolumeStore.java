package dev.tern.store;

import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.Requested;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Volumes and the servers that have them. A server with a task gets and loses none; one volume has
 * one server at a time.
 */
public interface VolumeStore {
  // ---- requests: the server is ACTIVE, PAUSED or STOPPED and has no task, or they are refused
  // with INSTANCE_NOT_FOUND or INSTANCE_INVALID_STATE, in Nova's words

  /**
   * Task ATTACHING_VOLUME, action {@code attach_volume}, saga {@code VOLUME_ATTACH}.
   *
   * @throws dev.tern.contract.ComputeException {@code VOLUME_IN_USE} when some server has it, or is
   *     getting it
   */
  VolumeRecord requestAttach(ServerId server, VolumeRef volume, Requested by);

  /**
   * Task DETACHING_VOLUME, action {@code detach_volume}, saga {@code VOLUME_DETACH}.
   *
   * @throws dev.tern.contract.ComputeException {@code VOLUME_NOT_FOUND} when the server has none of
   *     that id
   */
  VolumeRecord requestDetach(ServerId server, UUID id, Requested by);

  // ---- reading

  /** Also one that is not attached any more. */
  Optional<VolumeRecord> find(UUID id);

  /** The one an unfinished saga is about. */
  Optional<VolumeRecord> ofSaga(UUID saga);

  /** Those of each server that it has or is getting, oldest first; who has none is left out. */
  Map<ServerId, List<VolumeRecord>> of(Collection<ServerId> servers);

  // ---- what the conductor writes, under its lease; ends volume, task, saga and action

  /**
   * The server has it.
   *
   * @param bytes its size
   */
  void attached(Lease lease, UUID id, long bytes);

  /** The server has nothing of it. */
  void detached(Lease lease, UUID id);

  /** It was not attached, or could not be detached, and all is as before. */
  void failed(Lease lease, UUID id, Failure failure);

  /** How it stands with a server. */
  enum VolumeStatus {
    ATTACHING,
    ATTACHED,
    DETACHING,
    DETACHED,
    /** It was never attached; the failure says why. */
    FAILED
  }

  /**
   * A volume of a server.
   *
   * @param bytes its size, once it was attached
   * @param failure of the last attempt to attach or detach it
   */
  record VolumeRecord(
      VolumeRef volume,
      UUID saga,
      ServerId server,
      VolumeStatus status,
      Optional<Long> bytes,
      Optional<Failure> failure,
      Instant createdAt,
      Instant updatedAt) {
    public UUID id() {
      return volume.id();
    }
  }
}
