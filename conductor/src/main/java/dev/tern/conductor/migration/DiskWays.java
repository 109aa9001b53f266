package dev.tern.conductor.migration;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.move.DiskChoice;
import dev.tern.contract.move.DiskPlace;
import dev.tern.contract.move.DiskPlacing;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

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

  /**
   * The guest's disks, those that the request puts elsewhere with their places, by {@link
   * DiskPlacing}.
   *
   * @throws StepFailed refused, naming the disk
   */
  static SourceFacts place(SourceFacts guest, Map<String, DiskPlace> asked) throws StepFailed {
    try {
      return DiskPlacing.placed(guest, asked);
    } catch (ComputeException e) {
      throw StepFailed.refused(new Failure(e.code(), e.explanation()));
    }
  }

  /**
   * That a destination puts disks where it was asked to: an agent which knows of no places puts
   * them where it is usual, and says nothing.
   *
   * @throws StepFailed refused, naming the disk
   */
  static void requirePlaced(SourceFacts guest, HostName host, DestinationFacts there)
      throws StepFailed {
    Set<String> known = there.files().map(Map::keySet).orElse(Set.of());
    for (DiskFacts disk : guest.disks()) {
      if (disk.place().isPresent() && !known.contains(disk.id())) {
        throw StepFailed.refused(
            new Failure(
                ErrorCode.MIGRATION_PRE_CHECK_ERROR,
                "The agent of host %s is too old to put disk %s elsewhere: upgrade it, name another host, or leave the overrides out."
                    .formatted(host, disk.id())));
      }
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
