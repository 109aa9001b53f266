package dev.tern.agent;

import dev.tern.contract.MigrationId;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.host.MoveDetail;
import dev.tern.contract.host.MoveDetail.DiskProgress;
import dev.tern.contract.host.MoveDetail.MemoryPace;
import dev.tern.virt.Guest.MoveProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * One migration over all its steps: what the driver says of it becomes what the agent tells. Not
 * for two threads at once.
 */
final class MoveWatch {
  private static final int PERCENT = 100;

  private final MigrationId migration;
  private final long guestMemory;
  private final OneFigure figure = new OneFigure();
  private final Forecaster forecaster;
  private Duration throttled = Duration.ZERO;
  private Duration measuredAt = Duration.ZERO;
  private int throttlePercent;

  /**
   * @param guestMemory bytes of it
   */
  MoveWatch(MigrationId migration, long guestMemory, Duration downtimeLimit) {
    this.migration = migration;
    this.guestMemory = guestMemory;
    this.forecaster = new Forecaster(downtimeLimit);
  }

  /**
   * @param now on a clock that never goes back
   * @param at on the clock that people read
   */
  MigrationProgress after(MoveProgress moved, Duration now, Instant at) {
    Measurement measured = Measurement.of(now, moved, guestMemory);
    throttle(moved.memory().throttlePercent(), now);
    int permille =
        figure.after(
            measured.diskTotal() + measured.memoryTotal(),
            measured.diskRemaining() + measured.memoryRemaining());
    return new MigrationProgress(
        migration,
        moved.memoryTotal(),
        moved.memoryProcessed(),
        moved.memoryRemaining(),
        moved.diskTotal(),
        moved.diskProcessed(),
        moved.diskRemaining(),
        permille,
        new MoveDetail(
            at,
            moved.disks().stream()
                .map(disk ->
                    new DiskProgress(
                        disk.diskId(),
                        disk.offset(),
                        disk.length(),
                        disk.bytesPerSecond(),
                        disk.ready()))
                .toList(),
            new MemoryPace(
                moved.memory().passes(),
                moved.memory().bytesPerSecond(),
                moved.memory().dirtyBytesPerSecond(),
                moved.memory().throttlePercent()),
            forecaster.after(measured),
            throttled,
            Optional.of(moved.layerBytes())));
  }

  private void throttle(int percent, Duration now) {
    throttled =
        throttled.plus(now.minus(measuredAt).multipliedBy(throttlePercent).dividedBy(PERCENT));
    measuredAt = now;
    throttlePercent = Math.clamp(percent, 0, PERCENT);
  }
}
