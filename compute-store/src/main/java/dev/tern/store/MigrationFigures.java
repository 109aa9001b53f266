package dev.tern.store;

import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.MoveDetail;
import java.time.Duration;
import java.util.Optional;

/**
 * What was foreseen and what was measured of a migration.
 *
 * @param permille of disks and memory together; never falls, 1000 once the guest has arrived
 * @param detail as last told, while data moves
 * @param planned made before anything moved
 * @param last made shortly before the guest was stopped
 * @param throttled time the guest was kept from running so that memory would converge
 * @param pause of the guest, once it is over
 * @param disks what becomes of each, once that is planned
 */
public record MigrationFigures(
    int permille,
    Optional<MoveDetail> detail,
    Optional<Foreseen> planned,
    Optional<Foreseen> last,
    Duration throttled,
    Optional<PauseParts> pause,
    Optional<DiskPlan> disks) {

  /**
   * A forecast and when it was made.
   *
   * @param after the migration was asked for
   */
  public record Foreseen(Forecast forecast, Duration after) {}

  /** Before anything is known. */
  public static final MigrationFigures NONE =
      new MigrationFigures(
          0,
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Duration.ZERO,
          Optional.empty(),
          Optional.empty());
}
