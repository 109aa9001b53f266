package dev.tern.virt.qemu;

import java.time.Duration;

/**
 * How much of a file is sent by one run of a tool whose rate is fixed when it starts: about a
 * second's worth, so that another rate holds soon and little is sent twice for it. Of a file with
 * holes, and without a limit, that is known from the portions before.
 */
final class Portions {
  /** Portions begin at whole ones. */
  private static final long UNIT = 64 << 10;

  private static final long FIRST = 8L << 20;
  private static final long MOST_GROWTH = 4;
  private static final Duration WORTH = Duration.ofSeconds(1);

  private long perSecond;

  /**
   * Bytes of the file that come next.
   *
   * @param rate bytes per second; 0 is unlimited
   */
  long next(long rate) {
    long dense = rate == 0 ? FIRST : rate;
    long seconds = Math.max(1, WORTH.toSeconds());
    return Math.max(1, Math.ceilDiv(Math.max(dense, perSecond) * seconds, UNIT)) * UNIT;
  }

  /** A portion of so many bytes was sent in so long. */
  void sent(long bytes, Duration took) {
    double seconds = Math.max(took.toNanos() / 1e9, 1e-3);
    perSecond = (long) Math.min(bytes / seconds, (double) bytes * MOST_GROWTH);
  }

  /** A portion was broken off: what is known of the ones before says nothing of this one. */
  void brokenOff() {
    perSecond = 0;
  }
}
