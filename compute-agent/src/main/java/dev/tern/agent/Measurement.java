package dev.tern.agent;

import dev.tern.virt.Guest.MoveProgress;
import java.time.Duration;

/**
 * What a migration's driver said at one moment.
 *
 * @param at on this agent's clock, compared with nothing but other measurements
 * @param memoryTotal all of the guest's memory, also while only disks move
 * @param memoryRemaining all of it while only disks move
 */
record Measurement(
    Duration at,
    long diskTotal,
    long diskProcessed,
    long diskRemaining,
    long memoryTotal,
    long memoryProcessed,
    long memoryRemaining,
    long passes,
    long dirtyBytesPerSecond) {

  /**
   * @param guestMemory bytes, for as long as QEMU does not say how many there are to move
   */
  static Measurement of(Duration at, MoveProgress moved, long guestMemory) {
    boolean memoryMoves = moved.memoryTotal() > 0;
    return new Measurement(
        at,
        moved.diskTotal(),
        moved.diskProcessed(),
        moved.diskRemaining(),
        memoryMoves ? moved.memoryTotal() : guestMemory,
        moved.memoryProcessed(),
        memoryMoves ? moved.memoryRemaining() : guestMemory,
        moved.memory().passes(),
        moved.memory().dirtyBytesPerSecond());
  }

  boolean memoryMoves() {
    return memoryProcessed > 0;
  }
}
