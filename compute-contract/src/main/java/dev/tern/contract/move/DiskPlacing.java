package dev.tern.contract.move;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Where the disks of a guest are put on its destination. The request is held to it at once, and
 * once more when its turn comes; whether the destination has such a place only its agent knows.
 */
public final class DiskPlacing {
  private DiskPlacing() {}

  /**
   * The guest's disks, those that are asked for with their places.
   *
   * @param asked by disk id
   * @throws ComputeException {@code INVALID_INPUT} naming the disk: it is not there, is no file of
   *     its host alone, or would have another's file
   */
  public static SourceFacts placed(SourceFacts guest, Map<String, DiskPlace> asked) {
    Map<String, DiskPlace> left = new TreeMap<>(asked);
    Set<String> files = new HashSet<>();
    SourceFacts placed =
        guest.planned(
            guest.disks().stream()
                .map(disk -> {
                  DiskPlace place = left.remove(disk.id());
                  return place == null ? disk : placed(disk, place, files);
                })
                .toList());
    if (!left.isEmpty()) {
      throw refused(
          "The server has no disk %s. Its disks are %s."
              .formatted(
                  left.keySet().iterator().next(),
                  String.join(", ", guest.disks().stream().map(DiskFacts::id).toList())));
    }
    return placed;
  }

  private static DiskFacts placed(DiskFacts disk, DiskPlace place, Set<String> files) {
    String why =
        switch (disk.kind()) {
          case LOCAL -> "";
          case READ_ONLY ->
              "Disk %s is read-only and found by its content on every host: it has no place of its own. Leave it out of the overrides.";
          case NETWORK ->
              "Disk %s is a volume, attached by one address on every host: under another address could be other data. Detach it and attach the other instead.";
        };
    if (!why.isEmpty()) {
      throw refused(why.formatted(disk.id()));
    }
    if (place.name().isPresent() && !files.add(place.name().get() + "." + disk.format())) {
      throw refused(
          "Disk %s would be the file %s.%s, and so would another disk. Name one of them otherwise."
              .formatted(disk.id(), place.name().get(), disk.format()));
    }
    return disk.at(place);
  }

  private static ComputeException refused(String why) {
    return new ComputeException(ErrorCode.INVALID_INPUT, why, null);
  }
}
