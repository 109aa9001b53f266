package dev.tern.conductor.migration;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ComputeException;
import dev.tern.contract.Failure;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.move.DiskChoice;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** How each disk gets to the destination. */
final class DiskWays {
  private DiskWays() {}

  /**
   * The guest's disks, each with its way, by {@link DiskChoice}.
   *
   * @throws StepFailed refused, naming the disk
   */
  static SourceFacts choose(SourceFacts guest, Optional<Map<String, Way>> asked) throws StepFailed {
    try {
      return DiskChoice.planned(guest, asked);
    } catch (ComputeException e) {
      throw StepFailed.refused(new Failure(e.code(), e.explanation()));
    }
  }

  /** The plan, by disk. */
  static Map<String, Way> of(SourceFacts guest) {
    Map<String, Way> ways = new HashMap<>();
    guest.disks().stream()
        .filter(disk -> disk.kind() == DiskKind.LOCAL)
        .forEach(disk -> disk.way().ifPresent(way -> ways.put(disk.id(), way)));
    return ways;
  }
}
