package dev.tern.conductor.saga;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Tells a running saga that its user asked something of it; what, stands in the database. Rung by
 * any thread, any number of times; answered by the saga's own.
 */
public final class Bell {
  private final AtomicBoolean rung = new AtomicBoolean();

  /** Whoever runs the saga looks soon. */
  public void ring() {
    rung.set(true);
  }

  /** Whether it was rung since the last answer. */
  boolean answer() {
    return rung.getAndSet(false);
  }
}
