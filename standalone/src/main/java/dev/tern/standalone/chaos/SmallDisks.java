package dev.tern.standalone.chaos;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Puts each host's data on a file system of its own in memory, so that it can be full. Only root
 * may mount one; anybody else's hosts lie on the disk there is.
 */
final class SmallDisks {
  /** More than the agents keep in reserve; memory is taken only for what is written. */
  private static final String ROOM = "size=8g,mode=700";

  private static final long LEFT = 64 << 10;
  private static final int TRIES = 7;

  private final Path hosts;
  private final boolean mounted;

  private SmallDisks(Path hosts, boolean mounted) {
    this.hosts = hosts;
    this.mounted = mounted;
  }

  /** Whether this user can have them. */
  static boolean possible() {
    return "root".equals(System.getProperty("user.name"));
  }

  /** Mounts one for each host. */
  static SmallDisks mount(Path hosts, List<String> names) throws IOException {
    for (String name : names) {
      Path folder = Files.createDirectories(hosts.resolve(name));
      if (possible()) {
        run("mount", "-t", "tmpfs", "-o", ROOM, "tern-chaos", folder.toString());
      }
    }
    return new SmallDisks(hosts, possible());
  }

  /** Gives back what a stage had mounted here, and one that was killed as well. */
  static void unmount(Path hosts) throws IOException {
    String mounts = Files.readString(Path.of("/proc/self/mounts"));
    for (String line : mounts.lines().toList()) {
      String[] field = line.split(" ");
      if (field[0].equals("tern-chaos") && field[1].startsWith(hosts + "/")) {
        run("umount", "--lazy", field[1]);
      }
    }
  }

  /** Leaves a host less room than a guest writes in a moment. */
  Striker.Healing fill(String host) throws IOException {
    if (!mounted) {
      throw new IOException("a full disk needs a file system of its own, which only root can have");
    }
    Path folder = hosts.resolve(host);
    shrink(folder);
    return () -> run("mount", "-o", "remount," + ROOM, folder.toString());
  }

  /**
   * What is written between the look and the mount may be more than was left; then more is left.
   */
  private static void shrink(Path folder) throws IOException {
    FileStore disk = Files.getFileStore(folder);
    for (int tried = 0; ; tried++) {
      long used = disk.getTotalSpace() - disk.getUnallocatedSpace();
      try {
        run("mount", "-o", "remount,size=" + (used + (LEFT << tried)), folder.toString());
        return;
      } catch (IOException e) {
        if (tried == TRIES - 1) {
          throw e;
        }
      }
    }
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.onExit().join().exitValue() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said.strip());
    }
  }
}
