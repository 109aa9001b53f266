package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.DiskPlace;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Where this host puts the disks of an arriving guest: where it is usual, or as was asked for. */
final class DiskPlacement {
  private final HostDirectories directories;
  private final HostFigures figures;

  DiskPlacement(HostDirectories directories, HostFigures figures) {
    this.directories = directories;
    this.figures = figures;
  }

  /**
   * The recipe with each disk in its place. Where a disk is at its source means nothing here.
   *
   * @throws ComputeException INVALID_INPUT when a place is none, or two disks would have one file
   */
  static LaunchRecipe placed(LaunchRecipe recipe, SourceFacts source) {
    Map<String, DiskPlace> places = new HashMap<>();
    for (DiskFacts disk : source.disks()) {
      disk.place().ifPresent(place -> places.put(disk.id(), place));
    }
    LaunchRecipe portable = recipe.portable();
    Set<String> files = new HashSet<>();
    LaunchRecipe placed =
        portable.withDisks(
            portable.disks().stream()
                .map(disk ->
                    Optional.ofNullable(places.remove(disk.id()))
                        .map(place -> placed(disk, place))
                        .orElse(disk))
                .toList());
    require(places.isEmpty(), "The guest has no disk %s to be placed.".formatted(places.keySet()));
    for (LocalDisk disk : placed.localDisks()) {
      // In whichever storage: the next host may have all of them in one directory.
      require(
          files.add(disk.file()),
          "Two disks would be the file %s; name the file of disk %s otherwise."
              .formatted(disk.file(), disk.id()));
    }
    return placed;
  }

  private static DiskRecipe placed(DiskRecipe disk, DiskPlace place) {
    require(disk instanceof LocalDisk, "Disk %s is no file of a host.".formatted(disk.id()));
    LocalDisk local = (LocalDisk) disk;
    require(
        place.name().stream().allMatch(DiskPlace::isName)
            && place.storage().stream().allMatch(DiskPlace::isStorage),
        "Disk %s has an impossible place.".formatted(disk.id()));
    String file = place.name().map(name -> name + "." + local.format()).orElse(local.file());
    return local.at(file, place.storage());
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw Refusals.invalid(otherwise);
    }
  }

  /**
   * The path each local disk will have, by its id. Makes nothing.
   *
   * @throws ComputeException STORAGE_NOT_FOUND naming those there are; INVALID_SHARED_STORAGE
   */
  Map<String, String> files(Header header, LaunchRecipe recipe) throws IOException {
    Map<String, String> files = new TreeMap<>();
    for (LocalDisk disk : recipe.localDisks()) {
      Path directory =
          disk.storage().isPresent()
              ? directories.storages().where(header.server(), disk.storage().get())
              : directories.instance(header.server());
      files.put(disk.id(), directory.resolve(disk.file()).toString());
    }
    return files;
  }

  /**
   * Bytes of disks that each of this host's file systems will have to hold.
   *
   * @throws ComputeException STORAGE_NOT_FOUND naming those there are
   */
  DiskNeeds needs(LaunchRecipe recipe, SourceFacts source, boolean diskOverCommit)
      throws IOException {
    Map<String, DiskFacts> said =
        source.disks().stream()
            .collect(Collectors.toMap(DiskFacts::id, disk -> disk, (first, _) -> first));
    Map<Optional<String>, Long> bytes = new HashMap<>();
    for (LocalDisk disk : recipe.localDisks()) {
      DiskFacts facts =
          Optional.ofNullable(said.get(disk.id()))
              .orElseThrow(() ->
                  Refusals.invalid("The source says nothing of disk %s.".formatted(disk.id())));
      bytes.merge(
          disk.storage(),
          diskOverCommit ? facts.arrivingBytes() : facts.virtualBytes(),
          Math::addExact);
    }
    Object here = figures.fileSystemOf(directories.data());
    long own = 0;
    Map<String, Long> storages = new TreeMap<>();
    for (Map.Entry<Optional<String>, Long> each : bytes.entrySet()) {
      Optional<String> besides = each.getKey();
      if (besides.isEmpty()
          || figures.fileSystemOf(directories.storages().root(besides.get())).equals(here)) {
        own = Math.addExact(own, each.getValue());
      } else {
        storages.put(besides.get(), each.getValue());
      }
    }
    return new DiskNeeds(own, storages);
  }
}
