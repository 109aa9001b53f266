package dev.tern.conductor.running;

import dev.tern.conductor.saga.Backoff;
import dev.tern.conductor.saga.Ticker;
import dev.tern.contract.Pause;
import java.time.Duration;
import java.time.InstantSource;
import java.util.random.RandomGenerator;

/** Clocks, pauses and chance. */
public record Time(InstantSource clock, Ticker ticker, Pause pause, RandomGenerator random) {
  /** The machine's own. */
  public static Time real() {
    return new Time(
        InstantSource.system(), Ticker.SYSTEM, Pause.SLEEPING, RandomGenerator.of("SecureRandom"));
  }

  /** Between two questions for the same: soon, because work is often done in a moment. */
  Backoff asking() {
    return new Backoff(pause, random, Duration.ofMillis(20), Duration.ofMillis(500));
  }

  /** Between two tries of a step: a host may be away for hours. Well below the lease's length. */
  Backoff repeating() {
    return new Backoff(pause, random, Duration.ofMillis(200), Duration.ofSeconds(10));
  }
}
