package dev.tern.contract.move;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * How each disk of a guest gets to its destination. Who asks for nothing gets: a disk on layers
 * moves its top layer, a disk on nothing moves in full, and volumes and read-only disks are not
 * copied. The request is held to it at once, and once more when its turn comes.
 */
public final class DiskChoice {
  private DiskChoice() {}

  /**
   * The guest's disks, each with its way.
   *
   * @param asked by disk id, when the caller chose; then exactly those are copied
   * @throws ComputeException {@code INVALID_INPUT} naming the disk: one that is asked for is not
   *     there or cannot go that way, or one that is on its host alone is not asked for
   */
  public static SourceFacts planned(SourceFacts guest, Optional<Map<String, Way>> asked) {
    if (asked.isPresent()) {
      requireKnown(guest, asked.get());
    }
    List<DiskFacts> planned = new ArrayList<>();
    for (DiskFacts disk : guest.disks()) {
      planned.add(disk.going(asked.isPresent() ? chosen(disk, asked.get()) : usual(disk)));
    }
    return guest.planned(planned);
  }

  private static void requireKnown(SourceFacts guest, Map<String, Way> asked) {
    TreeSet<String> unknown = new TreeSet<>(asked.keySet());
    guest.disks().forEach(disk -> unknown.remove(disk.id()));
    if (!unknown.isEmpty()) {
      throw refused(
          "The server has no disk %s. Its disks are %s."
              .formatted(
                  unknown.first(),
                  String.join(", ", guest.disks().stream().map(DiskFacts::id).toList())));
    }
  }

  private static Way usual(DiskFacts disk) {
    return switch (disk.kind()) {
      case LOCAL -> disk.baseSha256().isPresent() ? Way.TOP : Way.FULL;
      case READ_ONLY, NETWORK -> Way.SKIP;
    };
  }

  private static Way chosen(DiskFacts disk, Map<String, Way> asked) {
    Optional<Way> way = Optional.ofNullable(asked.get(disk.id()));
    return switch (disk.kind()) {
      case READ_ONLY, NETWORK -> {
        if (way.isPresent()) {
          throw refused(
              "Disk %s is %s: it is never copied. Leave it out of the disks."
                  .formatted(
                      disk.id(),
                      disk.kind() == DiskKind.NETWORK
                          ? "a volume, attached by its address on every host"
                          : "read-only and the same on every host"));
        }
        yield Way.SKIP;
      }
      case LOCAL -> {
        if (way.isEmpty() || way.get() == Way.SKIP) {
          throw refused(
              "Disk %s is on its host alone: without a copy the server cannot run elsewhere. Name it among the disks."
                  .formatted(disk.id()));
        }
        if (way.get() != Way.FULL && disk.baseSha256().isEmpty()) {
          throw refused(
              "Disk %s lies on no layer: it can only move in full. Ask for full."
                  .formatted(disk.id()));
        }
        yield way.get();
      }
    };
  }

  private static ComputeException refused(String why) {
    return new ComputeException(ErrorCode.INVALID_INPUT, why, null);
  }
}
