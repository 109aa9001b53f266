package dev.tern.contract;

import java.time.Duration;

/**
 * Lets time pass. Given to whoever must wait, so that tests move time themselves and nothing sleeps
 * in them.
 */
@FunctionalInterface
public interface Pause {
  /** The real one: the thread sleeps. */
  Pause SLEEPING = Thread::sleep;

  /** Returns when {@code time} has passed; not before, unless interrupted. */
  void of(Duration time) throws InterruptedException;
}
