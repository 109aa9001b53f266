package dev.tern.conductor.fake;

import dev.tern.conductor.running.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;

/** Moves only when somebody waits. */
public final class FakeTime {
  private Duration now = Duration.ZERO;

  /** Time for a conductor. */
  public Time time() {
    return new Time(() -> Instant.EPOCH.plus(now), () -> now, this::pass, new Random(7));
  }

  public void pass(Duration time) {
    now = now.plus(time);
  }

  public Duration now() {
    return now;
  }
}
