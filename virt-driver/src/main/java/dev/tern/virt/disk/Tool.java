package dev.tern.virt.disk;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** Runs a program of this host to its end. */
public final class Tool {
  private static final int LONGEST_OUTPUT = 1 << 20;

  private Tool() {}

  /**
   * What the program printed.
   *
   * @throws VirtException {@code REFUSED} with the program's own words when it is missing or fails,
   *     {@code NO_ANSWER} when it does not end in time (it is then ended by force)
   */
  public static String run(List<String> command, Path directory, Duration deadline)
      throws VirtException {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
              .start();
    } catch (IOException e) {
      throw new VirtException(
          Kind.REFUSED,
          "%s cannot be run: install it (Debian: qemu-system-x86 and qemu-utils)."
              .formatted(command.getFirst()),
          e);
    }
    CompletableFuture<String> output =
        CompletableFuture.supplyAsync(
            () -> read(process.getInputStream()), task -> Thread.ofVirtual().start(task));
    try {
      if (!process.waitFor(deadline.toNanos(), TimeUnit.NANOSECONDS)) {
        process.destroyForcibly();
        throw new VirtException(
            Kind.NO_ANSWER,
            "%s did not end within %d s.".formatted(command.getFirst(), deadline.toSeconds()),
            null);
      }
      String said = output.join().strip();
      if (process.exitValue() != 0) {
        throw new VirtException(
            Kind.REFUSED, said.isEmpty() ? "%s failed.".formatted(command.getFirst()) : said, null);
      }
      return said;
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new VirtException(Kind.NO_ANSWER, "Interrupted.", e);
    } catch (CompletionException e) {
      throw new VirtException(Kind.NO_ANSWER, "The program's output could not be read.", e);
    }
  }

  private static String read(InputStream stream) {
    try (stream) {
      String said = new String(stream.readNBytes(LONGEST_OUTPUT), StandardCharsets.UTF_8);
      stream.transferTo(java.io.OutputStream.nullOutputStream());
      return said;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
