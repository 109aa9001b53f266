package dev.tern.virt.converge;

import java.time.Duration;

/**
 * How a move stands at one moment.
 *
 * @param since the start of the step
 * @param forced somebody wants it to end whatever pause that costs
 * @param running the guest's processors run, so that what has moved may change again
 * @param moved bytes sent up to now, disks and memory; a move that sends nothing is stalled
 */
public record Measurement(
    Duration since, boolean forced, boolean running, long moved, Disks disks, Memory memory) {

  /**
   * Its disks.
   *
   * @param ready all mirrors have caught up once
   * @param remaining bytes that are not alike yet
   * @param bytesPerSecond what mirrors send
   * @param canBlockWrites QEMU can have writes wait for both sides while a mirror runs
   */
  public record Disks(boolean ready, long remaining, long bytesPerSecond, boolean canBlockWrites) {}

  /**
   * Its memory.
   *
   * @param begun it moves; before, all else is 0
   * @param passes over it, begun
   * @param dirtyPerSecond bytes the guest changes
   * @param canPostCopy both sides were set up for it
   */
  public record Memory(
      boolean begun,
      long remaining,
      long dirtyPerSecond,
      long bytesPerSecond,
      long passes,
      boolean canPostCopy) {
    /** Memory before its turn. */
    public static final Memory NOT_YET = new Memory(false, 0, 0, 0, 0, false);
  }
}
