package dev.tern.agent;

import java.util.Map;
import java.util.TreeMap;

/**
 * Bytes that the disks of a guest on its way here may come to take.
 *
 * @param own on the file system that holds the instances
 * @param storages in each storage that has a file system of its own
 */
record DiskNeeds(long own, Map<String, Long> storages) {
  static DiskNeeds own(long bytes) {
    return new DiskNeeds(bytes, Map.of());
  }

  /** The same, and so many bytes more on each file system that is needed. */
  DiskNeeds with(long margin) {
    Map<String, Long> more = new TreeMap<>();
    storages.forEach((storage, bytes) -> more.put(storage, Math.addExact(bytes, margin)));
    return new DiskNeeds(Math.addExact(own, margin), more);
  }
}
