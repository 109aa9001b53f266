package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The monitor's sockets of one instance. Two, because one takes one client at a time and a stuck
 * controller must not lock out the next.
 *
 * <p>A Unix socket's address holds at most 108 bytes. Where the instance directory is deeper than
 * that, both sides go through a link of a short name, which lives as long as this object.
 */
final class MonitorSockets implements AutoCloseable {
  static final String FIRST = "qmp1.sock";
  static final String SECOND = "qmp2.sock";

  static final String MEMORY = "mem.sock";

  /** The JDK's, which is a byte less than QEMU's: to a longer one it does not connect. */
  private static final int LONGEST_ADDRESS = 106;

  private final Path directory;
  private final boolean linked;

  private MonitorSockets(Path directory, boolean linked) {
    this.directory = directory;
    this.linked = linked;
  }

  static MonitorSockets of(Path instance, Path runtime) throws VirtException {
    Path absolute = instance.toAbsolutePath();
    if (length(absolute.resolve(FIRST)) <= LONGEST_ADDRESS) {
      return new MonitorSockets(absolute, false);
    }
    try {
      Path shortName =
          Files.createSymbolicLink(
              Files.createTempDirectory(runtime.toAbsolutePath(), "tern").resolve("i"), absolute);
      if (length(shortName.resolve(FIRST)) > LONGEST_ADDRESS) {
        Files.delete(shortName);
        Files.delete(parent(shortName));
        throw new VirtException(
            Kind.REFUSED, "The runtime directory %s is too deep.".formatted(runtime), null);
      }
      return new MonitorSockets(shortName, true);
    } catch (IOException e) {
      throw new VirtException(
          Kind.REFUSED, "No short link can be made in %s.".formatted(runtime), e);
    }
  }

  Path first() {
    return directory.resolve(FIRST);
  }

  Path second() {
    return directory.resolve(SECOND);
  }

  /** By which a guest's memory comes and goes; no longer a name than the monitors have. */
  Path memory() {
    return directory.resolve(MEMORY);
  }

  private static int length(Path path) {
    return path.toString().getBytes(StandardCharsets.UTF_8).length;
  }

  private static Path parent(Path path) {
    return java.util.Objects.requireNonNull(path.getParent());
  }

  @Override
  public void close() throws VirtException {
    if (linked) {
      try {
        Files.deleteIfExists(directory);
        Files.deleteIfExists(parent(directory));
      } catch (IOException e) {
        throw new VirtException(Kind.REFUSED, "%s cannot be removed.".formatted(directory), e);
      }
    }
  }
}
