package dev.tern.virt;

import java.util.Set;

/**
 * What one QEMU has now that a migration may have made in it.
 *
 * @param exports ids of its NBD exports
 * @param nodes names of all its block nodes
 * @param keys names of the objects that hold keys of streams
 * @param ports TCP ports it listens on
 */
public record MigrationObjects(
    Set<String> exports, Set<String> nodes, Set<String> keys, Set<Integer> ports) {
  public MigrationObjects {
    exports = Set.copyOf(exports);
    nodes = Set.copyOf(nodes);
    keys = Set.copyOf(keys);
    ports = Set.copyOf(ports);
  }

  /** The id of a disk's export. */
  public static String export(String disk) {
    return "export-" + disk;
  }

  /** The node through which a disk's mirror writes. */
  public static String mirrorTarget(String disk) {
    return "target-" + disk;
  }

  /** The node below {@link #mirrorTarget}: the connection to the export. */
  public static String mirrorConnection(String disk) {
    return "target-" + disk + "-nbd";
  }

  /** The object of a key, by the key's identity. */
  public static String key(String identity) {
    return "tls-" + identity;
  }
}
