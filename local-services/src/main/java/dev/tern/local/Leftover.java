package dev.tern.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A process that a killed JVM left behind. It is ours only if its pid stands in our folder and its
 * command line or environment names our folder: pids are given to others after a while.
 */
record Leftover(ProcessHandle process) {
  private static final Duration ORDERLY = Duration.ofSeconds(20);
  private static final Duration FORCED = Duration.ofSeconds(5);

  /**
   * The process whose pid stands in the first line of {@code pidFile} and that belongs to {@code
   * folder}.
   */
  static Optional<Leftover> find(Path pidFile, Path folder) throws IOException {
    if (!Files.exists(pidFile)) {
      return Optional.empty();
    }
    String first = Files.readString(pidFile).lines().findFirst().orElse("").strip();
    if (!first.matches("\\d{1,10}")) {
      return Optional.empty();
    }
    return ProcessHandle.of(Long.parseLong(first))
        .filter(p -> belongs(p, folder))
        .map(Leftover::new);
  }

  private static boolean belongs(ProcessHandle process, Path folder) {
    Path proc = Path.of("/proc", Long.toString(process.pid()));
    return mentions(proc.resolve("cmdline"), folder) || mentions(proc.resolve("environ"), folder);
  }

  private static boolean mentions(Path file, Path folder) {
    try {
      return new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1)
          .contains(folder.toString());
    } catch (IOException e) {
      // Gone, or another user's: not ours.
      return false;
    }
  }

  /** Ends it, in order if it will, and returns when it is gone. */
  void end() throws IOException {
    process.destroy();
    if (!gone(ORDERLY)) {
      process.destroyForcibly();
      if (!gone(FORCED)) {
        throw new IOException(
            "Process " + process.pid() + " of an earlier run does not end; end it by hand.");
      }
    }
  }

  private boolean gone(Duration within) throws IOException {
    try {
      process.onExit().get(within.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while process " + process.pid() + " was to end", e);
    } catch (ExecutionException e) {
      throw new IOException("could not wait for process " + process.pid(), e);
    }
  }
}
