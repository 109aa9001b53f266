package dev.tern.virt.testing;

import java.time.Duration;

/** Waiting for what nobody tells: the one place of the tests that looks again and again. */
public final class Until {
  private static final Duration LOOK = Duration.ofMillis(10);

  private Until() {}

  /** One look. */
  @FunctionalInterface
  public interface Condition {
    /**
     * Whether it is so now.
     *
     * @throws Exception ends the waiting, as does an assertion that fails
     */
    boolean holds() throws Exception;
  }

  /**
   * Returns once something is so; looks at least once, and once more when the time is over.
   *
   * @param what is awaited, for the failure
   * @throws AssertionError naming it, when it did not come true in time
   */
  public static void until(String what, Duration patience, Condition condition) throws Exception {
    long end = System.nanoTime() + patience.toNanos();
    boolean late = false;
    while (!condition.holds()) {
      if (late) {
        throw new AssertionError("waited %s in vain: %s".formatted(patience, what));
      }
      Thread.sleep(LOOK);
      late = System.nanoTime() > end;
    }
  }
}
