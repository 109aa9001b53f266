package dev.tern.agent;

import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.DiskLayer;
import dev.tern.contract.agent.AgentResult.DiskShape;
import dev.tern.virt.DiskImages;
import dev.tern.virt.Guest.DiskState;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.VirtException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A guest's disks as they have to be known before they move. */
final class DescribedDisks {
  private final DiskImages images;
  private final Path instance;
  private final Path bases;

  DescribedDisks(DiskImages images, Path instance, Path bases) {
    this.images = images;
    this.instance = instance;
    this.bases = bases;
  }

  DiskFacts facts(DiskState now, DiskRecipe recorded) throws VirtException {
    return switch (recorded) {
      case LocalDisk local -> local(now, local);
      case ReadOnlyDisk readOnly -> untouched(now, readOnly, DiskKind.READ_ONLY);
      case NetworkDisk network -> untouched(now, network, DiskKind.NETWORK);
    };
  }

  /** Of a server that no QEMU runs: what its files say. */
  DiskFacts stopped(DiskRecipe recorded) throws VirtException {
    return switch (recorded) {
      case LocalDisk local ->
          local(state(local, local.format(), images.allocatedBytes(local.in(instance))), local);
      case ReadOnlyDisk readOnly ->
          untouched(state(readOnly, "raw", readOnly.virtualBytes()), readOnly, DiskKind.READ_ONLY);
      case NetworkDisk network -> untouched(state(network, "raw", 0), network, DiskKind.NETWORK);
    };
  }

  private static DiskState state(DiskRecipe disk, String format, long allocatedBytes) {
    return new DiskState(disk.id(), format, disk.virtualBytes(), allocatedBytes);
  }

  private DiskFacts local(DiskState now, LocalDisk disk) throws VirtException {
    List<DiskLayer> below = new ArrayList<>();
    for (LayerRecipe layer : disk.layers()) {
      below.add(
          new DiskLayer(
              layer.sha256(),
              layer.format(),
              images.allocatedBytes(bases.resolve(layer.sha256()))));
    }
    Optional<DiskShape> shape =
        images
            .inspect(disk.in(instance), RecipeFiles.expected(disk, bases))
            .shape()
            .map(found -> new DiskShape(found.clusterBytes(), found.compat()));
    return new DiskFacts(
        disk.id(),
        DiskKind.LOCAL,
        disk.format(),
        now.virtualBytes(),
        now.allocatedBytes(),
        below.stream().mapToLong(DiskLayer::allocatedBytes).sum(),
        below.stream().map(DiskLayer::sha256).findFirst(),
        disk.encrypted(),
        shape,
        Optional.empty(),
        Optional.of(below));
  }

  private static DiskFacts untouched(DiskState now, DiskRecipe disk, DiskKind kind) {
    return new DiskFacts(
        disk.id(),
        kind,
        now.format(),
        now.virtualBytes(),
        now.allocatedBytes(),
        0,
        Optional.empty(),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.of(List.of()));
  }
}
