package dev.tern.store;

import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.Way;
import java.util.List;
import java.util.Optional;

/**
 * What a migration does with each disk, frozen before anything moved.
 *
 * @param disks all of the guest's, in the order it has them
 */
public record DiskPlan(List<PlannedDisk> disks) {
  public DiskPlan {
    disks = List.copyOf(disks);
  }

  /** What the source will have to send, as far as was known: a layer below two disks goes once. */
  public long bytesToSend() {
    long tops = disks.stream().mapToLong(PlannedDisk::topBytes).sum();
    long below =
        disks.stream()
            .flatMap(disk -> disk.layers().stream())
            .filter(layer -> layer.supply() == Supply.SOURCE)
            .distinct()
            .mapToLong(PlannedLayer::allocatedBytes)
            .sum();
    return tops + below;
  }

  /**
   * One disk, as its host described it.
   *
   * @param way {@link Way#SKIP}: it is not copied
   * @param virtualBytes as the guest sees it
   * @param allocatedBytes of the top layer, as the source's file system counts them
   * @param topBytes to be sent by its mirror
   * @param layers below it, the nearest first
   * @param file its path on the destination, where that host has said it
   */
  public record PlannedDisk(
      String id,
      DiskKind kind,
      Way way,
      String format,
      boolean encrypted,
      long virtualBytes,
      long allocatedBytes,
      long topBytes,
      List<PlannedLayer> layers,
      Optional<String> file) {
    public PlannedDisk {
      layers = List.copyOf(layers);
    }

    /** In words: how it is copied, or why not. */
    public String copy() {
      return switch (way) {
        case FULL -> "full";
        case TOP -> "top";
        case CHAIN -> "chain";
        case SKIP ->
            switch (kind) {
              case NETWORK -> "skip (network)";
              case READ_ONLY -> "skip (read-only)";
              case LOCAL -> "skip (shared)";
            };
      };
    }

    /** What the source will have to send for it, were it the only disk. */
    public long bytesToSend() {
      return topBytes
          + layers.stream()
              .filter(layer -> layer.supply() == Supply.SOURCE)
              .mapToLong(PlannedLayer::allocatedBytes)
              .sum();
    }
  }

  /**
   * A file below a disk, by content.
   *
   * @param allocatedBytes as the source's file system counts them
   */
  public record PlannedLayer(String sha256, String format, long allocatedBytes, Supply supply) {}

  /** From where the destination has, or gets, a layer. */
  public enum Supply {
    /** It has a file of that name; its content is proven before anything lies on it. */
    DESTINATION,
    /** It is fetched; when that cannot be, the source sends it after all. */
    IMAGE_SERVICE,
    /** From the source. */
    SOURCE,
    /** The disk moves in full, and lies on nothing there. */
    NOT_NEEDED
  }
}
