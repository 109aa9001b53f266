package dev.tern.virt.qemu;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY;

import java.nio.file.Path;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Waits for what is written into a directory. The kernel says when to look again; nothing sleeps.
 */
final class Written {
  private Written() {}

  /** What is looked for; empty when it is not there yet. */
  @FunctionalInterface
  interface Look<T> {
    Optional<T> now() throws Exception;
  }

  /**
   * Looks once, and again whenever something in the directory is written.
   *
   * @return what was found, or empty when it did not come in time
   */
  static <T> Optional<T> await(Path directory, Duration patience, Look<T> look) throws Exception {
    try (WatchService changes = directory.getFileSystem().newWatchService()) {
      // Before the first look, so that no change falls between the two.
      WatchKey all = directory.register(changes, ENTRY_CREATE, ENTRY_MODIFY);
      long until = System.nanoTime() + patience.toNanos();
      Optional<T> found = look.now();
      while (found.isEmpty()) {
        WatchKey changed = changes.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (changed == null) {
          return look.now();
        }
        var _ = all.pollEvents();
        if (!all.reset()) {
          throw new AssertionError(directory + " is gone");
        }
        found = look.now();
      }
      return found;
    }
  }
}
