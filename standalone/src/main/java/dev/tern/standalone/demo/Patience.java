package dev.tern.standalone.demo;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Looks again and again until something is so, or a deadline has passed. */
public final class Patience {
  private static final Duration LOOK = Duration.ofMillis(100);

  private final Pause pause;

  public Patience(Pause pause) {
    this.pause = pause;
  }

  /** One look; empty: not yet. */
  @FunctionalInterface
  public interface Look<T> {
    Optional<T> look() throws IOException, InterruptedException;
  }

  /**
   * Answers what was looked for.
   *
   * @throws IOException naming {@code what} when it did not come true in time
   */
  public <T> T until(String what, Duration deadline, Look<T> look)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + deadline.toNanos();
    while (true) {
      Optional<T> seen = look.look();
      if (seen.isPresent()) {
        return seen.get();
      }
      if (System.nanoTime() > end) {
        throw new IOException("Waited %d s in vain: %s.".formatted(deadline.toSeconds(), what));
      }
      pause.of(LOOK);
    }
  }

  /** The same for a plain condition. */
  public void untilTrue(String what, Duration deadline, Look<Boolean> look)
      throws IOException, InterruptedException {
    until(what, deadline, () -> look.look().filter(yes -> yes));
  }
}
