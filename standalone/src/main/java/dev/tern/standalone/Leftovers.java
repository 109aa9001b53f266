package dev.tern.standalone;

import dev.tern.local.EmbeddedDatabase;
import dev.tern.local.PrivateBroker;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a form that was killed left behind in its folder. Services end by themselves when the form
 * is gone; one that is held (SIGSTOP) cannot, so all are looked for.
 */
public final class Leftovers {
  /** Says to a service whose it is, and lets it be found. */
  static final String OF = "--of";

  private static final String LOCK = "lock";

  /** Stands in folders whose whole state is a demo's, or chaos'. */
  private static final String DISPOSABLE = "disposable";

  private static final List<String> STATE =
      List.of("rabbitmq", "postgresql", "hosts", "images", "logs", "work");

  private Leftovers() {}

  /**
   * Takes the folder for oneself until the channel is closed.
   *
   * @throws IOException when a form runs there
   */
  static FileChannel lock(Path data) throws IOException {
    FileChannel channel =
        FileChannel.open(data.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      channel.close();
      throw new IOException("Tern already runs in " + data + ", in this process.", e);
    }
    if (lock == null) {
      channel.close();
      throw new IOException(
          "Tern already runs in %s. Stop it, or choose another place with --data.".formatted(data));
    }
    return channel;
  }

  /**
   * Ends and removes what an earlier demo left here, its guests and their disks too. State that is
   * not a demo's (of {@code ./tern up}) is left as it is: servers somebody made lie there.
   *
   * @throws IOException when a form runs there, or something does not end; nothing is removed then
   */
  public static void clear(Path data) throws IOException {
    clear(data, () -> {});
  }

  /** Ends something of an earlier demo. */
  @FunctionalInterface
  public interface Ending {
    void end() throws IOException;
  }

  /**
   * The same.
   *
   * @param more what else is to be ended when all processes have ended, before files are removed
   */
  public static void clear(Path data, Ending more) throws IOException {
    Files.createDirectories(data);
    try (FileChannel _ = lock(data)) {
      Path mark = data.resolve(DISPOSABLE);
      if (Files.exists(mark)) {
        endServices(data);
        for (ProcessHandle guest : DemoStage.guestsIn(data.resolve("hosts")).toList()) {
          DemoStage.end(guest);
        }
        PrivateBroker.endLeftover(data.resolve("rabbitmq"));
        EmbeddedDatabase.endLeftover(data.resolve("postgresql"));
        more.end();
        remove(data);
      } else if (STATE.stream().noneMatch(folder -> Files.exists(data.resolve(folder)))) {
        Files.createFile(mark);
      }
    }
  }

  /** What is here is somebody's from now on, and no demo removes it. */
  static void keep(Path data) throws IOException {
    Files.deleteIfExists(data.resolve(DISPOSABLE));
  }

  private static void remove(Path data) throws IOException {
    for (String folder : STATE) {
      Path root = data.resolve(folder);
      if (Files.exists(root)) {
        try (Stream<Path> files = Files.walk(root)) {
          for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
            Files.deleteIfExists(file);
          }
        }
      }
    }
  }

  /** Ends services of a form in this folder whose process is gone. Only for who has its lock. */
  static void endServices(Path data) throws IOException {
    for (ProcessHandle service :
        ProcessHandle.allProcesses().filter(process -> isOf(process, data)).toList()) {
      DemoStage.end(service);
    }
  }

  private static boolean isOf(ProcessHandle process, Path data) {
    try {
      // Not ProcessHandle's own: it knows the first page only, and class paths are longer.
      String line =
          Files.readString(
              Path.of("/proc", Long.toString(process.pid()), "cmdline"),
              StandardCharsets.ISO_8859_1);
      return line.contains("\0" + OF + "\0" + data + "\0");
    } catch (IOException e) {
      // Gone meanwhile, or another user's: not ours.
      return false;
    }
  }
}
