package dev.tern.virt.qemu;

import dev.tern.virt.Pauses;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * A process told apart from any other that gets its number later: by its start time and the boot it
 * belongs to.
 */
record QemuProcess(long pid, long startTicks, String bootId) {
  private static final String RECORD = "process";
  private static final String PID_FILE = "qemu.pid";
  private static final Duration LOOK_EVERY = Duration.ofMillis(5);

  static Path pidFile(Path instance) {
    return instance.resolve(PID_FILE);
  }

  /** The live process with that number; empty when there is none, or only a zombie. */
  static Optional<QemuProcess> of(long pid) throws VirtException {
    Optional<String> stat = stat(pid);
    if (stat.isEmpty()) {
      return Optional.empty();
    }
    // After the name in brackets, which may hold anything: state is field 3, start time field 22.
    String[] fields = stat.get().substring(stat.get().lastIndexOf(')') + 2).split(" ");
    if (fields.length < 20 || fields[0].equals("Z") || fields[0].equals("X")) {
      return Optional.empty();
    }
    return Optional.of(new QemuProcess(pid, Long.parseLong(fields[19]), currentBoot()));
  }

  /** The process QEMU wrote down in the directory, when it still is that process. */
  static Optional<QemuProcess> find(Path instance) throws VirtException {
    Optional<QemuProcess> recorded = recorded(instance);
    if (recorded.isPresent()) {
      return recorded.filter(QemuProcess::alive);
    }
    // The agent died between QEMU's start and its own record: the command line tells whose it is.
    Path pidFile = pidFile(instance);
    if (!Files.isRegularFile(pidFile)) {
      return Optional.empty();
    }
    try {
      long pid = Long.parseLong(Files.readString(pidFile).strip());
      Optional<QemuProcess> there = of(pid);
      if (there.isEmpty() || !commandLine(pid).contains("\0" + pidFile.toAbsolutePath() + "\0")) {
        return Optional.empty();
      }
      there.get().record(instance);
      return there;
    } catch (NumberFormatException | IOException e) {
      // QEMU removes the file when it ends in order, perhaps between our look and our reading.
      if (!Files.exists(pidFile)) {
        return Optional.empty();
      }
      throw new VirtException(Kind.NO_ANSWER, "%s cannot be read.".formatted(pidFile), e);
    }
  }

  private static Optional<QemuProcess> recorded(Path instance) throws VirtException {
    Path file = instance.resolve(RECORD);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      String[] parts = Files.readString(file).strip().split(" ");
      return parts.length == 3
          ? Optional.of(
              new QemuProcess(Long.parseLong(parts[0]), Long.parseLong(parts[1]), parts[2]))
          : Optional.empty();
    } catch (NumberFormatException | IOException e) {
      throw new VirtException(Kind.NO_ANSWER, "%s cannot be read.".formatted(file), e);
    }
  }

  /** Writes this process down, whole or not at all. */
  void record(Path instance) throws VirtException {
    try {
      PrivateFile.write(instance.resolve(RECORD), toLine().getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "The process cannot be recorded.", e);
    }
  }

  /** Forgets whatever process the directory knows, with its sockets. */
  static void forget(Path instance) throws VirtException {
    try {
      for (String name :
          new String[] {
            RECORD, PID_FILE, MonitorSockets.FIRST, MonitorSockets.SECOND, MonitorSockets.MEMORY
          }) {
        Files.deleteIfExists(instance.resolve(name));
      }
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "What is left of a QEMU cannot be removed.", e);
    }
  }

  private String toLine() {
    return pid + " " + startTicks + " " + bootId + "\n";
  }

  boolean alive() {
    try {
      return of(pid).filter(this::equals).isPresent();
    } catch (VirtException e) {
      return true; // not known to be gone
    }
  }

  /** Whether it is gone within {@code patience}. */
  boolean gone(Duration patience, Pauses pauses) throws InterruptedException {
    long until = System.nanoTime() + patience.toNanos();
    while (alive()) {
      if (System.nanoTime() > until) {
        return false;
      }
      pauses.pause(LOOK_EVERY);
    }
    return true;
  }

  /** Ends it by force; a stranger with its number is left alone. */
  void destroy() {
    if (alive()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  private static Optional<String> stat(long pid) throws VirtException {
    try {
      return Optional.of(
          Files.readString(
              Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1));
    } catch (java.nio.file.NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      // Linux answers ESRCH when the process ends between open and read.
      if (!Files.exists(Path.of("/proc", Long.toString(pid)))) {
        return Optional.empty();
      }
      throw new VirtException(Kind.NO_ANSWER, "/proc cannot be read.", e);
    }
  }

  private static String commandLine(long pid) throws IOException {
    return Files.readString(
        Path.of("/proc", Long.toString(pid), "cmdline"), StandardCharsets.UTF_8);
  }

  private static String currentBoot() throws VirtException {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    } catch (IOException e) {
      throw new VirtException(Kind.NO_ANSWER, "/proc cannot be read.", e);
    }
  }
}
