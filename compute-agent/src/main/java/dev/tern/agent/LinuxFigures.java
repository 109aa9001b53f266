package dev.tern.agent;

import dev.tern.contract.host.KernelNbd;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The figures of a Linux machine, from {@code /proc} and the file system. */
final class LinuxFigures implements HostFigures {
  private static final Path MEMINFO = Path.of("/proc/meminfo");
  private static final Pattern NBD = Pattern.compile("[^:]*/nbd\\.ko(\\.[a-z0-9]+)?(:|$)");
  private static final Path UPTIME = Path.of("/proc/uptime");

  private final Path data;
  private final Path root;

  LinuxFigures(Path data) {
    this(data, Path.of("/"));
  }

  /**
   * @param root where the kernel and its modules are described
   */
  LinuxFigures(Path data, Path root) {
    this.data = data;
    this.root = root;
  }

  @Override
  public int vcpus() {
    return Runtime.getRuntime().availableProcessors();
  }

  @Override
  public long memoryMib() throws IOException {
    return meminfo("MemTotal:");
  }

  @Override
  public long memoryAvailableMib() throws IOException {
    return meminfo("MemAvailable:");
  }

  private static long meminfo(String key) throws IOException {
    for (String line : Files.readAllLines(MEMINFO)) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.substring(key.length()).replace("kB", "").trim()) / 1024;
      }
    }
    throw new IOException("%s does not say %s".formatted(MEMINFO, key));
  }

  @Override
  public long diskTotalBytes() throws IOException {
    return Files.getFileStore(data).getTotalSpace();
  }

  @Override
  public long diskFreeBytes() throws IOException {
    return freeBytes(data);
  }

  @Override
  public Object fileSystemOf(Path directory) throws IOException {
    return Files.getFileStore(directory);
  }

  @Override
  public long freeBytes(Path directory) throws IOException {
    return Files.getFileStore(directory).getUsableSpace();
  }

  @Override
  public KernelNbd kernelNbd() throws IOException {
    if (Files.isDirectory(root.resolve("sys/module/nbd"))) {
      return KernelNbd.LOADED;
    }
    String kernel = Files.readString(root.resolve("proc/sys/kernel/osrelease")).strip();
    Path modules = root.resolve("lib/modules").resolve(kernel);
    if (lists(modules.resolve("modules.builtin"))) {
      return KernelNbd.LOADED;
    }
    return lists(modules.resolve("modules.dep")) ? KernelNbd.AVAILABLE : KernelNbd.ABSENT;
  }

  /** {@code kernel/drivers/block/nbd.ko}, which may be compressed, at the beginning of a line. */
  private static boolean lists(Path file) throws IOException {
    if (!Files.isReadable(file)) {
      return false;
    }
    try (Stream<String> lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
      return lines.anyMatch(line -> NBD.matcher(line).lookingAt());
    }
  }

  @Override
  public String uptime() throws IOException {
    String text = Files.readString(UPTIME);
    Duration up =
        Duration.ofSeconds((long) Double.parseDouble(text.substring(0, text.indexOf(' '))));
    return "up %d days, %02d:%02d".formatted(up.toDays(), up.toHoursPart(), up.toMinutesPart());
  }
}
