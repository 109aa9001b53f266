package dev.tern.agent;

/**
 * How far a migration is, disks and memory together, in thousandths. It never falls: not when the
 * guest makes work anew, not when a step begins again from nothing, not when it turns out that
 * there is more to move than was thought. An agent that takes a migration up from another begins at
 * what it measures, and the store keeps the highest of both.
 */
final class OneFigure {
  static final int ALL = 1000;

  private int highest;

  /**
   * Takes a measurement and answers the figure, 0 to {@link #ALL}; that only when nothing remains.
   *
   * @param total bytes to move, as far as is known now
   * @param remaining of them
   */
  int after(long total, long remaining) {
    long left = Math.clamp(remaining, 0, Math.max(0, total));
    if (total > 0) {
      // Rounded down, and in floating point because thousand times a disk may not fit a long.
      int now = left == 0 ? ALL : (int) Math.min(ALL - 1, ALL * ((double) (total - left) / total));
      highest = Math.max(highest, now);
    }
    return highest;
  }
}
