package dev.tern.conductor.saga;

import dev.tern.contract.Pause;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Pauses that double, each shortened by chance by up to half, so that many who wait for one thing
 * do not come back as one.
 */
public final class Backoff {
  private final Pause pause;
  private final RandomGenerator random;
  private final Duration first;
  private final Duration longest;

  public Backoff(Pause pause, RandomGenerator random, Duration first, Duration longest) {
    this.pause = pause;
    this.random = random;
    this.first = first;
    this.longest = longest;
  }

  /** A row of pauses that begins short. */
  public Series series() {
    return new Series();
  }

  /** One row of pauses; of one thread. */
  public final class Series {
    private Duration next = first;

    /** The next pause. */
    public void rest() throws InterruptedException {
      long nanos = Math.max(1, next.toNanos());
      pause.of(Duration.ofNanos(nanos - random.nextLong(nanos / 2 + 1)));
      Duration doubled = next.multipliedBy(2);
      next = doubled.compareTo(longest) > 0 ? longest : doubled;
    }

    /**
     * The next pause, after the other side has held the question for so long: that counts as rest,
     * but for the first, shortest pause.
     */
    public void restAfter(Duration held) throws InterruptedException {
      Duration left = next.minus(held);
      next = left.compareTo(first) < 0 ? first : left;
      rest();
    }

    /** Something moved: begin short again. */
    public void restart() {
      next = first;
    }
  }
}
