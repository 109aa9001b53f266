package dev.tern.virt;

/** How fast files are sent, which may change while they are. For any number of threads. */
public final class SendingRate {
  private volatile long bytesPerSecond;

  /**
   * A rate.
   *
   * @param bytesPerSecond 0 is unlimited
   */
  public SendingRate(long bytesPerSecond) {
    change(bytesPerSecond);
  }

  /** Bytes per second from now on; 0 is unlimited. */
  public long now() {
    return bytesPerSecond;
  }

  /** Who sends obeys it within a second or so. */
  public void change(long now) {
    if (now < 0) {
      throw new IllegalArgumentException("A rate is 0 or more, not %d.".formatted(now));
    }
    bytesPerSecond = now;
  }
}
