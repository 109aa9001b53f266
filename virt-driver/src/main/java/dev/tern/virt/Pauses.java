package dev.tern.virt;

import java.time.Duration;

/** How a loop that must poll waits between two looks; a test's own lets nothing sleep. */
@FunctionalInterface
public interface Pauses {

  /** Returns after about {@code length}. */
  void pause(Duration length) throws InterruptedException;

  /** Pauses that really pass time. */
  static Pauses real() {
    return Thread::sleep;
  }
}
