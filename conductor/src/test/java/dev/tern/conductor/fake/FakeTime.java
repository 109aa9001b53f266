package dev.tern.conductor.fake;

import dev.tern.conductor.running.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.function.Consumer;

/** Moves only when somebody waits. */
public final class FakeTime {
  private final Consumer<Duration> passed;
  private Duration now = Duration.ZERO;

  /**
   * Stands at zero.
   *
   * @param passed told whenever it moves
   */
  FakeTime(Consumer<Duration> passed) {
    this.passed = passed;
  }

  /** Time for a conductor. */
  public Time time() {
    return new Time(() -> Instant.EPOCH.plus(now), () -> now, this::pass, new Random(7));
  }

  public void pass(Duration time) {
    now = now.plus(time);
    passed.accept(time);
  }

  public Duration now() {
    return now;
  }
}
