package dev.tern.virt.qemu;

import java.time.Duration;

/** Whether a figure has stood still for too long. */
final class Stall {
  private final long patience;
  private long figure = -1;
  private long movedAt = System.nanoTime();

  Stall(Duration patience) {
    this.patience = patience.toNanos();
  }

  /** Takes a look; true when the figure has been this one for as long as the patience. */
  boolean lasts(long now) {
    if (now != figure) {
      figure = now;
      movedAt = System.nanoTime();
    }
    return System.nanoTime() - movedAt >= patience;
  }
}
