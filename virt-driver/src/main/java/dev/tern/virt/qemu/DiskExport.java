package dev.tern.virt.qemu;

import dev.tern.virt.DiskImages.Expected;
import dev.tern.virt.Pauses;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.disk.QemuImages;
import dev.tern.virt.disk.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A disk no guest runs from, shown read-only on a loopback port by {@code qemu-nbd} to whoever has
 * a key. Nothing of it is left once it is closed: no process, no port, no key. Nor when this JVM is
 * killed: the kernel kills {@code qemu-nbd} then, and a process that waits for our end removes the
 * key.
 */
public final class DiskExport implements AutoCloseable {
  /** Where it listens. */
  public static final String ADDRESS = "127.0.0.1";

  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final Duration ENDS = Duration.ofSeconds(5);
  private static final String TLS = "tls0";
  private static final String PID = "pid";
  private static final String SAID = "said";

  private final Process process;
  private final Process remover;
  private final Path folder;

  private DiskExport(Process process, Process remover, Path folder) {
    this.process = process;
    this.remover = remover;
    this.folder = folder;
  }

  /**
   * What is to be shown.
   *
   * @param expected what the file was recorded to be; its layers are opened as named here, and by
   *     no header
   * @param name of the export
   * @param port TCP port on {@link #ADDRESS}
   */
  public record Wish(Path file, Expected expected, String name, int port, StreamKey key) {}

  /**
   * Opens it. It ends with the calling thread at the latest.
   *
   * @param folder empty, of this user alone; it is removed at the end
   * @throws VirtException {@code REFUSED} when the disk is not what was recorded, is marked
   *     corrupt, encrypted, or held by a QEMU, or the port is taken; nothing is left, and no folder
   */
  public static DiskExport open(Wish wish, Path folder, Pauses pauses)
      throws VirtException, InterruptedException {
    Path own = folder.toAbsolutePath();
    Process remover = remover(own);
    try {
      if (wish.expected().encrypted()) {
        throw new VirtException(
            Kind.REFUSED, "An encrypted disk cannot be read without its guest.", null);
      }
      var _ =
          new QemuImages("qemu-img", QemuSettings.Deadlines.usual().imageTool())
              .inspect(wish.file(), wish.expected());
      Process process = Tool.boundToThread(line(wish, own), own, own.resolve(SAID));
      DiskExport export = new DiskExport(process, remover, own);
      try {
        export.awaitListening(pauses);
        return export;
      } catch (VirtException | InterruptedException e) {
        export.close();
        throw e;
      }
    } catch (VirtException e) {
      remove(own, remover);
      throw e;
    }
  }

  private static Process remover(Path folder) throws VirtException {
    try {
      return Tool.removerOf(folder);
    } catch (VirtException e) {
      remove(folder);
      throw e;
    }
  }

  private static List<String> line(Wish wish, Path folder) throws VirtException {
    List<String> line = new ArrayList<>(List.of("qemu-nbd", "--read-only", "--persistent"));
    line.addAll(List.of("--shared=8", "--bind=" + ADDRESS, "--port=" + wish.port()));
    line.addAll(List.of("--export-name", wish.name()));
    line.addAll(List.of("--object", StreamCredentials.forServer(folder, wish.key(), TLS)));
    line.addAll(List.of("--tls-creds", TLS, "--pid-file", folder.resolve(PID).toString()));
    line.add(QemuImages.source(wish.file(), wish.expected()));
    return line;
  }

  /** Its number is written once it listens. */
  private void awaitListening(Pauses pauses) throws VirtException, InterruptedException {
    long until = System.nanoTime() + QemuSettings.Deadlines.usual().start().toNanos();
    while (!Files.exists(folder.resolve(PID))) {
      if (!process.isAlive()) {
        throw new VirtException(Kind.REFUSED, "The disk is not exported: " + said(), null);
      }
      if (System.nanoTime() > until) {
        throw new VirtException(Kind.NO_ANSWER, "qemu-nbd does not listen.", null);
      }
      pauses.pause(LOOK_EVERY);
    }
  }

  private String said() {
    try {
      return Files.readString(folder.resolve(SAID)).strip();
    } catch (IOException e) {
      return "qemu-nbd ended, and what it said cannot be read";
    }
  }

  /** The key as {@code tls-creds-psk} reads it, readable by this user alone. */
  public Path keyFile() {
    return StreamCredentials.serverKeys(folder);
  }

  /** What {@code qemu-img} and others take to connect with that file. */
  public static String clientObject(Path keyFile, StreamKey key) {
    return StreamCredentials.clientOption("tls0", keyFile, key.identity());
  }

  /**
   * Returns when it has ended by itself.
   *
   * @return its last words
   */
  public String awaitEnd() throws InterruptedException {
    process.waitFor();
    return said();
  }

  /** Ends it and removes its folder. May be repeated. */
  @Override
  public void close() throws VirtException {
    process.destroy();
    try {
      if (!process.waitFor(ENDS.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    remove(folder, remover);
  }

  private static void remove(Path folder, Process remover) throws VirtException {
    try {
      remove(folder);
    } finally {
      end(remover);
    }
  }

  /** What is still in the folder goes with it. */
  private static void end(Process remover) throws VirtException {
    try {
      remover.getOutputStream().close();
      if (!remover.waitFor(ENDS.toMillis(), TimeUnit.MILLISECONDS)) {
        remover.destroyForcibly();
      }
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "The process that removes a key does not end.", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void remove(Path folder) throws VirtException {
    StreamCredentials.forget(folder);
    try {
      Files.deleteIfExists(folder.resolve(PID));
      Files.deleteIfExists(folder.resolve(SAID));
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be removed.".formatted(folder), e);
    }
  }
}
