package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.Requested;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What operators stated of hosts: that one which does not answer is powered off, or that the
 * server's QEMU there is dead. A migration that waits for such a host ends without it. What the
 * host would have been told then, it is owed, and is told when it answers again.
 */
public interface FenceStore {
  /**
   * Whether a migration waits for this host in such a way that a statement would let it end. With
   * the guest {@link Runs#ELSEWHERE}: it is in doubt or being taken back, and the host is its
   * destination; or the guest has a new owner, and the host is its source. With the guest {@link
   * Runs#NOWHERE}: it is in doubt or being taken back, and the host is its source.
   *
   * @return the server's other host
   * @throws dev.tern.contract.ComputeException {@code MIGRATION_NOT_FOUND}; {@code
   *     MIGRATION_NOT_RESOLVABLE} with the reason
   */
  HostName requireWaiting(MigrationId migration, HostName host, Runs runs);

  /**
   * Keeps the statement, with the action {@code live_migration_resolve}, and wakes the saga. The
   * same statement again is the first one.
   *
   * @throws dev.tern.contract.ComputeException as {@link #requireWaiting}
   */
  FenceRecord state(MigrationId migration, HostName host, Runs runs, Requested by);

  Optional<FenceRecord> of(MigrationId migration);

  /**
   * From here on the host's answers count no more in this migration. For the conductor, under its
   * lease, when the host does not answer.
   *
   * @return empty when nobody stated anything of this host
   */
  Optional<FenceRecord> relyOn(Lease lease, MigrationId migration, HostName host);

  /**
   * What the destination had received of the disks is kept there. For the conductor, under its
   * lease, when a source that was relied on as lost may have had the only other copy. Told again,
   * the first stays.
   *
   * @param directory on the destination
   */
  void kept(Lease lease, MigrationId migration, String directory);

  /** Hosts that are still to be told how a migration ended without them, oldest first. */
  List<FenceRecord> owing(int limit);

  /** The host has been told, and this is what became of what it had. */
  void settle(MigrationId migration, Outcome outcome, String said);

  /**
   * The lost source of a guest that ran nowhere is back and has the server again. Settles it as
   * {@link Outcome#RETURNED}; the server, if it is in error there with nothing under way, is from
   * then on what the host says it is.
   *
   * @param state {@code ACTIVE} or {@code STOPPED}
   */
  void returned(MigrationId migration, VmState state, String said);

  /** Who has the guest without the host that was stated to be dead. */
  enum Runs {
    /** The migration's other host. */
    ELSEWHERE,
    /** Nobody: it was lost with its source, and had not arrived. */
    NOWHERE
  }

  /** What became of what a fenced host had of a server. */
  enum Outcome {
    /** It is gone. */
    REMOVED,
    /** It is still there, as nobody but a person can know what it is worth. */
    LEFT,
    /** The server lives there again. */
    OVERTAKEN,
    /** Its guest had been given up with the host, and the server lives there as it did before. */
    RETURNED
  }

  /**
   * A statement.
   *
   * @param host the one that was stated to be dead
   * @param source whether it is the migration's source; else its destination
   * @param runs who has the guest, as was stated
   * @param kept the destination's directory with what it had received of the disks
   * @param epoch of the migration
   * @param request of the statement
   * @param reliedOnAt since when the migration goes on without the host; empty while it might
   *     answer yet
   */
  record FenceRecord(
      MigrationId migration,
      ServerId server,
      HostName host,
      boolean source,
      Runs runs,
      Optional<String> kept,
      long epoch,
      RequestId request,
      String user,
      String project,
      Instant statedAt,
      Optional<Instant> reliedOnAt,
      Optional<Instant> settledAt,
      Optional<Outcome> outcome,
      String said) {}
}
