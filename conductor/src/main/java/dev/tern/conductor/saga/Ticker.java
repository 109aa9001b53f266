package dev.tern.conductor.saga;

import java.time.Duration;

/** Time since some fixed moment. It never goes back, whatever the machine's clock does. */
@FunctionalInterface
public interface Ticker {
  Ticker SYSTEM = () -> Duration.ofNanos(System.nanoTime());

  Duration now();
}
