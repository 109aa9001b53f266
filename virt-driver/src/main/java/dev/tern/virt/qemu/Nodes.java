package dev.tern.virt.qemu;

import dev.tern.virt.MigrationObjects;
import java.util.Optional;

/**
 * Names in QEMU's block graph, all derived from a disk's id; the disk's top node is the id itself.
 */
final class Nodes {
  private static final String MIRROR = "mirror-";
  private static final String DEVICE = "dev-";

  private Nodes() {}

  static String file(String disk) {
    return disk + "-file";
  }

  /** A layer below the disk's file, counted from 1, the nearest. */
  static String layer(String disk, int n) {
    return disk + "-layer" + n;
  }

  static String network(String disk) {
    return disk + "-nbd";
  }

  static String secret(String disk) {
    return "secret-" + disk;
  }

  static String port(int n) {
    return "port" + n;
  }

  static String device(String disk) {
    return DEVICE + disk;
  }

  static String export(String disk) {
    return MigrationObjects.export(disk);
  }

  static String job(String disk) {
    return MIRROR + disk;
  }

  static String filter(String disk) {
    return disk + "-mirrored";
  }

  static String target(String disk) {
    return MigrationObjects.mirrorTarget(disk);
  }

  static String targetExport(String disk) {
    return MigrationObjects.mirrorConnection(disk);
  }

  /** A copy's node, and the top node of a disk that moved onto it. QEMU allows 31 characters. */
  static String copy(String disk, String tag) {
    return disk + "-c" + tag;
  }

  /** Whether a node is the lower one of a copy of the disk. */
  static boolean isCopyFile(String disk, String node) {
    return node.startsWith(disk + "-c") && node.endsWith("-file");
  }

  static String copyJob(String disk) {
    return "copy-" + disk;
  }

  static String copyFilter(String disk) {
    return disk + "-copied";
  }

  /** The disk a mirror's job belongs to. */
  static String mirrored(String job) {
    return job.substring(MIRROR.length());
  }

  static boolean isMirror(String job) {
    return job.startsWith(MIRROR);
  }

  /** The disk of a mirror's job. */
  static String diskOfJob(String job) {
    return job.substring(MIRROR.length());
  }

  static boolean isTarget(String node) {
    return node.startsWith("target-");
  }

  /** The disk a device path such as {@code /machine/peripheral/dev-disk0/…} belongs to. */
  static Optional<String> diskOf(String devicePath) {
    for (String part : devicePath.split("/")) {
      if (part.startsWith(DEVICE)) {
        return Optional.of(part.substring(DEVICE.length()));
      }
    }
    return Optional.empty();
  }
}
