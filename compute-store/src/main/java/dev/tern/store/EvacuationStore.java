package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.FenceStore.Outcome;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.Requested;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Servers whose host is dead, each made anew on another. That the host is down is an operator's
 * statement, and it has to be in force when the server gets its new owner: one transaction looks
 * and writes. What the old host has of the server it is told about when it is back.
 */
public interface EvacuationStore {
  /**
   * Task REBUILDING with the next epoch, action {@code evacuate}, saga {@code EVACUATE}. What was
   * being done to the guest on its dead host ends in error.
   *
   * @throws dev.tern.contract.ComputeException {@code INSTANCE_NOT_FOUND}; {@code
   *     INSTANCE_INVALID_STATE} unless the server is ACTIVE, STOPPED or in ERROR, on a host, and
   *     neither migrating, being deleted, evacuated nor having a disk copied; {@code
   *     HOST_NOT_FENCED} unless its host is forced down
   */
  EvacuationRecord request(NewEvacuation asked, Requested by);

  /** What {@link #request} would refuse the server with, but for its host. Changes nothing. */
  Optional<ComputeException> objection(ServerId server);

  Optional<EvacuationRecord> find(UUID id);

  /** The one a saga is about. */
  Optional<EvacuationRecord> ofSaga(UUID saga);

  /** Newest first. */
  List<EvacuationRecord> list(EvacuationQuery query);

  /**
   * Whether the statement that this host is down is relied on: a server of it is being made anew,
   * or was and the host has not been told.
   */
  boolean reliesOn(HostName source);

  // ---- what the conductor writes, under its lease

  /** Where it is to be: {@code pre-migrating}, task REBUILD_BLOCK_DEVICE_MAPPING. */
  void chosen(Lease lease, UUID id, HostName destination, ClaimId claim);

  /**
   * The server is its new host's, the claim on the old one is given back, task REBUILD_SPAWNING.
   * Told again, nothing changes.
   *
   * @throws dev.tern.contract.ComputeException {@code HOST_NOT_FENCED} when its old host is not
   *     stated to be down any more; nothing is changed then
   */
  void ownerChanged(Lease lease, UUID id);

  /**
   * The server is there: {@code done}, no task. Ends saga and action.
   *
   * @param state {@code ACTIVE} or {@code STOPPED}
   */
  void done(Lease lease, UUID id, VmState state);

  /**
   * It came to nothing, or its guest did not start at its new host. All claims but the owner's are
   * given back. Ends saga and action in error.
   *
   * @param broken the server is in ERROR with the cause, and the evacuation {@code error}; else the
   *     server is as it was before, and the evacuation {@code failed}
   * @param leftAt hosts that may have something of it, and did not answer when that was to be
   *     removed
   */
  void failed(Lease lease, UUID id, Failure failure, boolean broken, List<HostName> leftAt);

  /** These hosts may have something of a server that is made elsewhere. */
  void leftBehind(Lease lease, UUID id, List<HostName> hosts);

  // ---- hosts that are back

  /**
   * Evacuations whose old host has reported since, and has not been told that the server lives
   * elsewhere, oldest first.
   */
  List<EvacuationRecord> owing(int limit);

  /** The old host has been told, and this is what became of what it had: {@code completed}. */
  void settle(UUID id, Outcome outcome, String said);

  /** What is still to be removed from hosts that have reported since, oldest first. */
  List<Leftover> leftovers(int limit);

  /** Hosts that may still have something of what went away from them, or never came. */
  List<HostName> owed(UUID migration);

  /** Nothing of it is there any more. */
  void removed(Leftover leftover);

  /**
   * The host has the server again. The server, if it is stopped or in error there with nothing
   * under way, is from then on what the host says it is.
   *
   * @param state empty when the host has nothing of it, or what it has is broken: the server stays
   *     what it is
   */
  void takenBack(Leftover leftover, Optional<VmState> state);

  /**
   * As asked for.
   *
   * @param leaveStopped a server that was not in ERROR is not started
   * @param removeOldDisks what the old host has of it is not worth keeping
   */
  record NewEvacuation(
      UUID id,
      ServerId server,
      Optional<HostName> requestedHost,
      boolean leaveStopped,
      boolean removeOldDisks) {}

  /**
   * An evacuation.
   *
   * @param number Nova's integer id, of one kind with those of migrations
   * @param leaveStopped it ends without a guest
   * @param ownerChangedAt since when the server is its destination's
   * @param outcome what became of what the old host had
   * @param said by the old host, and where kept disks are
   */
  record EvacuationRecord(
      long number,
      UUID id,
      ServerId server,
      UUID saga,
      EvacuationStatus status,
      HostName source,
      Optional<HostName> requestedHost,
      Optional<HostName> destination,
      Optional<ClaimId> destinationClaim,
      boolean leaveStopped,
      boolean removeOldDisks,
      long epoch,
      RequestId request,
      String user,
      String project,
      Optional<Instant> ownerChangedAt,
      Optional<Outcome> outcome,
      String said,
      Optional<Failure> failure,
      Instant createdAt,
      Instant updatedAt,
      Optional<Instant> endedAt) {}

  /**
   * Which.
   *
   * @param host source or destination
   * @param before those of a lower number
   */
  record EvacuationQuery(
      Optional<ServerId> server,
      Optional<HostName> host,
      Optional<HostName> source,
      Optional<EvacuationStatus> status,
      Optional<String> user,
      Optional<String> project,
      Optional<Instant> changesSince,
      Optional<Long> before,
      int limit) {}

  /**
   * Something that a host is still to do about a server.
   *
   * @param takeBack the server lives there, and had left it in this epoch; empty: it lives
   *     elsewhere, and what is there is to be removed
   */
  record Leftover(
      long number,
      ServerId server,
      HostName host,
      long epoch,
      RequestId request,
      Optional<Long> takeBack) {}

  /** Nova's words for where one is. */
  enum EvacuationStatus {
    ACCEPTED("accepted"),
    PRE_MIGRATING("pre-migrating"),
    /** The server is there; its old host has not been back. */
    DONE("done"),
    /** And its old host has been told. */
    COMPLETED("completed"),
    /** The server is as it was. */
    FAILED("failed"),
    ERROR("error");

    private final String wire;

    EvacuationStatus(String wire) {
      this.wire = wire;
    }

    public String wire() {
      return wire;
    }
  }
}
