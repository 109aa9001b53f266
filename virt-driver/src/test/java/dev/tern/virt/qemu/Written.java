package dev.tern.virt.qemu;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** A file that grows, by its whole lines. The kernel says when to look again; nothing sleeps. */
final class Written {
  private final Path file;
  private final StringBuilder text = new StringBuilder();
  private int whole;

  private Written(Path file) {
    this.file = file;
  }

  /**
   * Looks at the lines of a file, and again whenever it has more. QEMU writes a console byte by
   * byte: a line that has not ended is not shown.
   *
   * @return what was found, or empty when it did not come in time
   */
  static <T> Optional<T> await(Path file, Duration patience, Function<String, Optional<T>> look)
      throws Exception {
    Written written = new Written(file);
    Path directory = Objects.requireNonNull(file.getParent());
    try (WatchService changes = file.getFileSystem().newWatchService()) {
      // Before the first look, so that no change falls between the two.
      WatchKey all = directory.register(changes, ENTRY_CREATE, ENTRY_MODIFY);
      long until = System.nanoTime() + patience.toNanos();
      while (true) {
        Optional<T> found = written.hasMoreLines() ? look.apply(written.lines()) : Optional.empty();
        if (found.isPresent()
            || changes.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS) == null) {
          return found;
        }
        var _ = all.pollEvents();
        if (!all.reset()) {
          throw new AssertionError(directory + " is gone");
        }
      }
    }
  }

  private boolean hasMoreLines() throws IOException {
    if (!Files.exists(file)) {
      return false;
    }
    try (RandomAccessFile now = new RandomAccessFile(file.toFile(), "r")) {
      now.seek(text.length());
      byte[] more = new byte[Math.toIntExact(now.length() - text.length())];
      now.readFully(more);
      text.append(new String(more, StandardCharsets.ISO_8859_1));
    }
    int before = whole;
    whole = text.lastIndexOf("\n") + 1;
    return whole > before;
  }

  private String lines() {
    return text.substring(0, whole);
  }
}
