package dev.tern.agent;

import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskShape;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.virt.DiskImages.Shape;
import dev.tern.virt.Guest.Sync;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** How the disks of a guest get to another host, as planned; both sides read it alike. */
final class DiskWays {
  /** What QEMU makes; anything else in a message was not described by a QEMU. */
  private static final Set<String> COMPATS = Set.of("0.10", "1.1");

  private static final int SMALLEST_CLUSTER = 512;
  private static final int LARGEST_CLUSTER = 2 << 20;

  private DiskWays() {}

  /** The plan for each disk that has one. */
  static Map<String, Way> planned(SourceFacts source) {
    Map<String, Way> ways = new HashMap<>();
    for (DiskFacts disk : source.disks()) {
      disk.way().ifPresent(way -> ways.put(disk.id(), way));
    }
    return ways;
  }

  /**
   * The plan for one disk; without one its top layer moves.
   *
   * @throws dev.tern.contract.ComputeException INVALID_INPUT when it is no way for this disk
   */
  static Way of(LocalDisk disk, Map<String, Way> ways) {
    Way way = ways.getOrDefault(disk.id(), disk.layers().isEmpty() ? Way.FULL : Way.TOP);
    boolean fits =
        switch (way) {
          case FULL -> true;
          case TOP, CHAIN -> !disk.layers().isEmpty();
          // It would be missing where the guest arrives.
          case SKIP -> false;
        };
    if (!fits) {
      throw Refusals.invalid("Disk %s cannot move in the way '%s'.".formatted(disk.id(), way));
    }
    return way;
  }

  /** The layers below disks that bring all of theirs: no image service is asked for these. */
  static Set<String> fromSource(LaunchRecipe recipe, SourceFacts source) {
    Map<String, Way> ways = planned(source);
    return recipe.localDisks().stream()
        .filter(disk -> ways.get(disk.id()) == Way.CHAIN)
        .flatMap(disk -> disk.layers().stream())
        .map(LayerRecipe::sha256)
        .collect(Collectors.toSet());
  }

  static Sync sync(Way way) {
    return switch (way) {
      case FULL -> Sync.FULL;
      case TOP, CHAIN -> Sync.TOP;
      case SKIP -> throw new IllegalArgumentException("a skipped disk has no mirror");
    };
  }

  /**
   * The recipe as it is at the destination: disks are in their places there, and those that move in
   * full lie on nothing.
   */
  static LaunchRecipe arriving(Header header, SourceFacts source) {
    LaunchRecipe recipe =
        DiskPlacement.placed(Recipes.read(source.recipe(), header.server()), source);
    Map<String, Way> ways = planned(source);
    return recipe.withDisks(recipe.disks().stream().map(disk -> arriving(disk, ways)).toList());
  }

  private static DiskRecipe arriving(DiskRecipe disk, Map<String, Way> ways) {
    return switch (disk) {
      case LocalDisk local ->
          switch (of(local, ways)) {
            case FULL -> local.on(List.of());
            case TOP, CHAIN, SKIP -> local;
          };
      case ReadOnlyDisk _, NetworkDisk _ -> disk;
    };
  }

  /**
   * What the source said of a disk's qcow2.
   *
   * @throws dev.tern.contract.ComputeException INVALID_INPUT when no QEMU makes such a file
   */
  static Optional<Shape> shape(String disk, SourceFacts source) {
    Optional<DiskShape> said =
        source.disks().stream()
            .filter(facts -> facts.id().equals(disk))
            .flatMap(facts -> facts.shape().stream())
            .findFirst();
    if (said.isPresent()) {
      int cluster = said.get().clusterBytes();
      if (Integer.bitCount(cluster) != 1
          || cluster < SMALLEST_CLUSTER
          || cluster > LARGEST_CLUSTER
          || !COMPATS.contains(said.get().compat())) {
        throw Refusals.invalid("Disk %s has impossible clusters.".formatted(disk));
      }
    }
    return said.map(shape -> new Shape(shape.clusterBytes(), shape.compat()));
  }
}
