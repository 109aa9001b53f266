package dev.tern.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** The figures of a Linux machine, from {@code /proc} and the file system. */
final class LinuxFigures implements HostFigures {
  private static final Path MEMINFO = Path.of("/proc/meminfo");
  private static final Path UPTIME = Path.of("/proc/uptime");

  private final Path data;

  LinuxFigures(Path data) {
    this.data = data;
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
    return Files.getFileStore(data).getUsableSpace();
  }

  @Override
  public String uptime() throws IOException {
    String text = Files.readString(UPTIME);
    Duration up =
        Duration.ofSeconds((long) Double.parseDouble(text.substring(0, text.indexOf(' '))));
    return "up %d days, %02d:%02d".formatted(up.toDays(), up.toHoursPart(), up.toMinutesPart());
  }
}
