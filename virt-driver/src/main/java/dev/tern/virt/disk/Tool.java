package dev.tern.virt.disk;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Runs a program of this host to its end. */
public final class Tool {
  private static final int LONGEST_OUTPUT = 1 << 20;
  private static final Duration LOOK = Duration.ofMillis(200);

  /** What a shell ends with when the program it is to become is not there, or is none. */
  private static final Set<Integer> NOT_RUN = Set.of(126, 127);

  /**
   * Whatever the program makes is for its user alone: genisoimage and QEMU's own sockets would be
   * for everybody otherwise. The shell becomes the program, so its number is the program's.
   */
  private static final List<String> PRIVATELY = List.of("sh", "-c", "umask 077; exec \"$@\"", "sh");

  /**
   * The kernel forgets whom to tell of a parent's death that came before it was asked to; so the
   * program is only run while its parent is still who it was.
   */
  private static final List<String> WITH_PARENT =
      List.of(
          "setsid",
          "setpriv",
          "--pdeathsig",
          "KILL",
          "sh",
          "-c",
          "[ \"$PPID\" = \"$0\" ] && exec \"$@\"");

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
        requireRun(process, command.getFirst(), said);
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
    boolean _ = follow(command, directory, printed, () -> false);
  }

  /**
   * The same, unless it is broken off.
   *
   * @param breakOff looked at several times a second
   * @return false when it was, and the program was ended by force
   */
  public static boolean follow(
      List<String> command, Path directory, Consumer<String> printed, BooleanSupplier breakOff)
      throws VirtException, InterruptedException {
    Process process = start(command, directory);
    BlockingQueue<Said> lines = new LinkedBlockingQueue<>();
    Thread.ofVirtual().start(() -> tell(process.getInputStream(), lines));
    try {
      String last = "";
      while (true) {
        @Nullable Said said = lines.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
        if (said != null && said.isEnd()) {
          break;
        }
        if (breakOff.getAsBoolean()) {
          int _ = process.destroyForcibly().waitFor();
          return false;
        }
        if (said != null && !said.words().isBlank()) {
          last = said.words().strip();
          printed.accept(last);
        }
      }
      if (process.waitFor() != 0) {
        requireRun(process, command.getFirst(), last);
        throw new VirtException(
            Kind.REFUSED, last.isEmpty() ? "%s failed.".formatted(command.getFirst()) : last, null);
      }
      return true;
    } finally {
      process.destroyForcibly();
    }
  }

  private record Said(String words, boolean isEnd) {}

  private static void tell(InputStream stream, BlockingQueue<Said> lines) {
    try (Scanner words = new Scanner(stream, StandardCharsets.UTF_8)) {
      words.useDelimiter("[\r\n]+");
      while (words.hasNext()) {
        lines.add(new Said(words.next(), false));
      }
    } finally {
      lines.add(new Said("", true));
    }
  }

  /**
   * Starts a program that lives on without us, in a session of its own; its number stays the one
   * the process has when this returns.
   *
   * @param output takes what it says, beginning anew
   */
  public static Process detached(List<String> command, Path directory, Path output)
      throws VirtException {
    List<String> line = new ArrayList<>(List.of("setsid"));
    line.addAll(command);
    try {
      return builder(line, directory).redirectOutput(output.toFile()).start();
    } catch (IOException e) {
      throw cannotRun(command.getFirst(), e);
    }
  }

  /**
   * Starts a program in a session of its own that the kernel kills when the calling thread ends,
   * also when this JVM is killed. A program that forks is not followed.
   *
   * @param output takes what it says, beginning anew
   */
  public static Process boundToThread(List<String> command, Path directory, Path output)
      throws VirtException {
    List<String> line = new ArrayList<>(WITH_PARENT);
    line.add(Long.toString(ProcessHandle.current().pid()));
    line.addAll(command);
    try {
      return builder(line, directory).redirectOutput(output.toFile()).start();
    } catch (IOException e) {
      throw cannotRun(command.getFirst(), e);
    }
  }

  /**
   * A process that removes a directory, with all that is in it, when its input ends: when somebody
   * closes it, or when this JVM is gone, however it went.
   *
   * @param directory absolute; if it is no longer there nothing happens
   */
  public static Process removerOf(Path directory) throws VirtException {
    try {
      return builder(
              List.of("setsid", "sh", "-c", "read -r _; rm -rf -- \"$0\"", directory.toString()),
              Path.of("/"))
          .redirectInput(ProcessBuilder.Redirect.PIPE)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      throw cannotRun("setsid", e);
    }
  }

  private static Process start(List<String> command, Path directory) throws VirtException {
    try {
      return builder(command, directory).start();
    } catch (IOException e) {
      throw cannotRun(command.getFirst(), e);
    }
  }

  private static ProcessBuilder builder(List<String> command, Path directory) {
    List<String> line = new ArrayList<>(PRIVATELY);
    line.addAll(command);
    return new ProcessBuilder(line)
        .directory(directory.toFile())
        .redirectErrorStream(true)
        .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")));
  }

  /**
   * Passes when an ended process was the program.
   *
   * @throws VirtException {@code REFUSED} saying what to install when there is no such program
   */
  public static void requireRun(Process ended, String program, String said) throws VirtException {
    if (NOT_RUN.contains(ended.exitValue())) {
      throw cannotRun(program, new IOException(said));
    }
  }

  private static VirtException cannotRun(String program, IOException cause) {
    return new VirtException(
        Kind.REFUSED,
        "%s cannot be run: install it (Debian: qemu-system-x86 and qemu-utils).".formatted(program),
        cause);
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
