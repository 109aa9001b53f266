package dev.tern.conductor.migration;

import dev.tern.contract.ImageId;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskLayer;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.store.DiskPlan;
import dev.tern.store.DiskPlan.PlannedDisk;
import dev.tern.store.DiskPlan.PlannedLayer;
import dev.tern.store.DiskPlan.Supply;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What a migration does with each disk, from what both hosts said before anything moved. */
final class DiskPlanning {
  private final SourceFacts guest;
  private final Set<String> absent;
  private final Set<String> fromSource;
  private final Set<String> images;
  private final Map<String, String> files;

  private DiskPlanning(
      SourceFacts guest,
      Set<String> absent,
      Map<String, String> files,
      Predicate<ImageId> fetched) {
    this.guest = guest;
    this.absent = absent;
    this.files = files;
    this.fromSource =
        guest.disks().stream()
            .filter(disk -> way(disk) == Way.CHAIN)
            .flatMap(disk -> layers(disk).stream())
            .map(DiskLayer::sha256)
            .collect(Collectors.toSet());
    this.images =
        guest.images().stream()
            .filter(image -> absent.contains(image.sha256()) && fetched.test(image.id()))
            .map(ImageRef::sha256)
            .collect(Collectors.toSet());
  }

  /**
   * The plan of a guest whose disks have their ways.
   *
   * @param there what the destination said when it was checked
   * @param fetched whether the image service has an image
   */
  static DiskPlan of(
      SourceFacts guest, Optional<DestinationFacts> there, Predicate<ImageId> fetched) {
    Set<String> absent =
        there.stream()
            .flatMap(facts -> facts.absent().orElse(facts.missingImages()).stream())
            .collect(Collectors.toSet());
    DiskPlanning planning =
        new DiskPlanning(
            guest, absent, there.flatMap(DestinationFacts::files).orElse(Map.of()), fetched);
    return new DiskPlan(planning.guest.disks().stream().map(planning::disk).toList());
  }

  private PlannedDisk disk(DiskFacts disk) {
    Way way = way(disk);
    return new PlannedDisk(
        disk.id(),
        disk.kind(),
        way,
        disk.format(),
        disk.encrypted(),
        disk.virtualBytes(),
        disk.allocatedBytes(),
        switch (way) {
          case FULL -> disk.bytesToMove();
          case TOP, CHAIN -> disk.allocatedBytes();
          case SKIP -> 0;
        },
        layers(disk).stream()
            .map(layer ->
                new PlannedLayer(
                    layer.sha256(), layer.format(), layer.allocatedBytes(), supply(way, layer)))
            .toList(),
        Optional.ofNullable(files.get(disk.id())));
  }

  private Supply supply(Way way, DiskLayer layer) {
    String digest = layer.sha256();
    if (way == Way.FULL) {
      return Supply.NOT_NEEDED;
    }
    if (!absent.contains(digest)) {
      return Supply.DESTINATION;
    }
    return images.contains(digest) && !fromSource.contains(digest)
        ? Supply.IMAGE_SERVICE
        : Supply.SOURCE;
  }

  private static Way way(DiskFacts disk) {
    return disk.way().orElse(Way.SKIP);
  }

  private static List<DiskLayer> layers(DiskFacts disk) {
    return disk.layers().orElse(List.of());
  }
}
