package dev.tern.conductor.migration;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * How each disk gets to the destination. Who asks for nothing gets: a disk on layers moves its top
 * layer, a disk on nothing moves in full, and volumes and read-only disks are not copied.
 */
final class DiskWays {
  private DiskWays() {}

  /**
   * The guest's disks, each with its way.
   *
   * @param asked by disk id, when the caller chose; then exactly those are copied
   * @throws StepFailed refused, naming the disk: one that is asked for is not there or cannot go
   *     that way, or one that is on its host alone is not asked for
   */
  static SourceFacts choose(SourceFacts guest, Optional<Map<String, Way>> asked) throws StepFailed {
    if (asked.isPresent()) {
      requireKnown(guest, asked.get());
    }
    List<DiskFacts> planned = new ArrayList<>();
    for (DiskFacts disk : guest.disks()) {
      planned.add(disk.going(asked.isPresent() ? chosen(disk, asked.get()) : usual(disk)));
    }
    return guest.planned(planned);
  }

  private static void requireKnown(SourceFacts guest, Map<String, Way> asked) throws StepFailed {
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

  private static Way chosen(DiskFacts disk, Map<String, Way> asked) throws StepFailed {
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
          throw refused("Disk %s lies on no layer: it can only move in full.".formatted(disk.id()));
        }
        yield way.get();
      }
    };
  }

  /** The plan, by disk. */
  static Map<String, Way> of(SourceFacts guest) {
    Map<String, Way> ways = new HashMap<>();
    guest.disks().stream()
        .filter(disk -> disk.kind() == DiskKind.LOCAL)
        .forEach(disk -> disk.way().ifPresent(way -> ways.put(disk.id(), way)));
    return ways;
  }

  private static StepFailed refused(String why) {
    return StepFailed.refused(new Failure(ErrorCode.INVALID_INPUT, why));
  }
}
