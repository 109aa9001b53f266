package dev.tern.virt.disk;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Makes ISO 9660 images with {@code genisoimage}. */
final class IsoImage {
  private static final String TOOL = "genisoimage";

  private final Duration deadline;

  IsoImage(Duration deadline) {
    this.deadline = deadline;
  }

  void make(Path directory, String label, Path file) throws VirtException {
    requireTool();
    try {
      var _ =
          Tool.run(
              List.of(
                  TOOL,
                  "-quiet",
                  "-r",
                  "-J",
                  "-V",
                  label,
                  "-o",
                  file.toString(),
                  directory.toString()),
              directory,
              deadline);
    } catch (VirtException e) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  private static void requireTool() throws VirtException {
    String path = System.getenv().getOrDefault("PATH", "/usr/bin");
    if (Stream.of(path.split(":")).noneMatch(d -> Files.isExecutable(Path.of(d, TOOL)))) {
      throw new VirtException(
          Kind.REFUSED,
          "A config drive cannot be made: install genisoimage on this host (Debian: genisoimage).",
          null);
    }
  }
}
