package dev.tern.virt.disk;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Scanner;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

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
    Process process = start(command, directory);
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

  /**
   * Runs a program for as long as it takes, and tells each word it prints; who does not want to
   * wait any longer interrupts.
   *
   * @param printed told what stands between two ends of lines, a carriage return being one, from
   *     the calling thread
   * @throws VirtException {@code REFUSED} with the program's last words when it is missing or fails
   * @throws InterruptedException the program was ended by force
   */
  public static void follow(List<String> command, Path directory, Consumer<String> printed)
      throws VirtException, InterruptedException {
    Process process = start(command, directory);
    BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
    Thread.ofVirtual().start(() -> tell(process.getInputStream(), lines));
    try {
      String last = "";
      for (Optional<String> line = lines.take(); line.isPresent(); line = lines.take()) {
        if (!line.get().isBlank()) {
          last = line.get().strip();
          printed.accept(last);
        }
      }
      if (process.waitFor() != 0) {
        throw new VirtException(
            Kind.REFUSED, last.isEmpty() ? "%s failed.".formatted(command.getFirst()) : last, null);
      }
    } finally {
      process.destroyForcibly();
    }
  }

  private static void tell(InputStream stream, BlockingQueue<Optional<String>> lines) {
    try (Scanner words = new Scanner(stream, StandardCharsets.UTF_8)) {
      words.useDelimiter("[\r\n]+");
      while (words.hasNext()) {
        lines.add(Optional.of(words.next()));
      }
    } finally {
      lines.add(Optional.empty());
    }
  }

  private static Process start(List<String> command, Path directory) throws VirtException {
    try {
      return new ProcessBuilder(command)
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
