package dev.tern.store;

import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Durable sagas. A conductor runs one only while it holds its lease; the lease's token rises with
 * each holder, and every write under an older token is refused, so a conductor that was paused for
 * longer than its lease can do no harm when it wakes.
 *
 * <p>At most one saga of a server is leased at a time, the oldest first: a delete waits for the
 * migration it aborted.
 */
public interface SagaStore {
  /**
   * Takes the saga, if it is neither ended nor leased by a living holder, and no older saga of its
   * server is unfinished.
   *
   * @param holder the conductor's name, for people
   * @param length by the database's clock; renewed by every write and by {@link #renewAndSeeAbort}
   */
  Optional<SagaRecord> lease(UUID saga, String holder, Duration length);

  /**
   * Sagas that could be leased now, oldest first. Those of migrations that wait for their turn are
   * left out until they have it, or are to end.
   */
  List<UUID> waiting(int limit);

  /**
   * Holds on to the saga, and looks whether its user wants it stopped.
   *
   * @throws LeaseLostException when another holder has it
   */
  boolean renewAndSeeAbort(Lease lease);

  /**
   * Writes what a step learned, and a line of the saga's log, in one transaction.
   *
   * @param facts JSON, all that a successor needs to go on from here
   * @throws LeaseLostException when another holder has it; nothing is written
   */
  void record(Lease lease, Position position, String facts, LogLine line);

  /**
   * Gives the lease back unfinished, so that another conductor can go on at once. Harmless when it
   * is lost already.
   */
  void giveBack(Lease lease);

  /**
   * Gives the lease back and wakes a conductor, for one that stops: nobody waits for the end of the
   * lease or for the next look around. Harmless when it is lost already.
   */
  void handOver(Lease lease);

  List<LogLine> log(UUID saga);

  /** The request that a saga is for; empty when there is no such saga. */
  Optional<RequestId> request(UUID saga);

  enum SagaKind {
    BOOT,
    START,
    STOP,
    REBOOT,
    HARD_REBOOT,
    PAUSE,
    UNPAUSE,
    SUSPEND,
    RESUME,
    DELETE,
    LIVE_MIGRATION,
    DISK_COPY,
    DISK_SNAPSHOT,
    CREATE_IMAGE,
    VOLUME_ATTACH,
    VOLUME_DETACH,
    EVACUATE,
    COLD_MIGRATION,
    CONFIRM_RESIZE,
    REVERT_RESIZE
  }

  enum Direction {
    FORWARD,
    /** Undoing; {@code failure} in the facts says why. */
    BACK
  }

  /** Which step is next (forward) or to be undone next (back). */
  record Position(Direction direction, String step) {}

  /** The right to run a saga. */
  record Lease(UUID saga, long token, Duration length) {}

  /**
   * A saga.
   *
   * @param position empty when it has not begun
   * @param facts JSON written last; {@code {}} at first
   */
  record SagaRecord(
      UUID id,
      SagaKind kind,
      ServerId server,
      Optional<MigrationId> migration,
      RequestId request,
      Lease lease,
      Optional<Position> position,
      String facts,
      boolean ended) {}

  /**
   * See the parameters.
   *
   * @param what e.g. {@code started}, {@code done}, {@code refused}, {@code no answer}, {@code
   *     undone}
   */
  record LogLine(String step, String what, String detail, Instant at) {}

  /** Another conductor has the saga; stop working on it at once. */
  final class LeaseLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public LeaseLostException(UUID saga) {
      super("the lease of saga " + saga + " is lost");
    }
  }
}
