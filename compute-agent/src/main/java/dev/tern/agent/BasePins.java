package dev.tern.agent;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Files in {@code _base} that somebody in this agent is about to name in a recipe, and nobody on
 * the disk names yet. Who has pinned a file before looking for it finds it as long as the pin
 * holds. After a restart who needed it looks again.
 */
final class BasePins {
  /** Guards {@link #pins}, and whoever must know them for a while. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<String, Integer> pins = new HashMap<>();

  /** Holds a file until it is closed. */
  interface Pin extends AutoCloseable {
    @Override
    void close();
  }

  /** Waits while files are being removed. The file need not be there. */
  Pin pin(String sha256) {
    lock.lock();
    try {
      pins.merge(sha256, 1, Integer::sum);
    } finally {
      lock.unlock();
    }
    return () -> release(sha256);
  }

  private void release(String sha256) {
    lock.lock();
    try {
      pins.computeIfPresent(sha256, (_, held) -> held == 1 ? null : held - 1);
    } finally {
      lock.unlock();
    }
  }

  /** What is done while nobody pins or lets go. */
  @FunctionalInterface
  interface Meanwhile<T> {
    T run(Set<String> pinned) throws IOException;
  }

  /**
   * Runs it, told what is pinned, while nobody pins or lets go: what is found unused by then stays
   * so until it returns.
   */
  <T> T whileNobodyPins(Meanwhile<T> meanwhile) throws IOException {
    lock.lock();
    try {
      return meanwhile.run(Set.copyOf(pins.keySet()));
    } finally {
      lock.unlock();
    }
  }
}
