package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ServerId;
import dev.tern.virt.DiskImages.Expected;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The disks of a server that lives on this host, its guest running or not. */
record ServerDisks(Instance instance, LaunchRecipe recipe, Optional<Guest> guest, Path bases) {

  /**
   * @throws ComputeException when the server does not live here, or is on its way
   */
  static ServerDisks of(Instance instance, Path bases) throws IOException, VirtException {
    Standing standing = instance.standing();
    return switch (standing.place()) {
      case RUNNING, DEFINED, STOPPED ->
          new ServerDisks(
              instance,
              Recipes.recipe(instance.directory(), instance.server()),
              instance.guest(),
              bases);
      case NOTHING -> throw Refusals.absent(instance.server());
      case SUSPENDED, RECEIVING, INCOMING, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(instance.server(), standing, "asked for its disks");
    };
  }

  ServerId server() {
    return instance.server();
  }

  Path directory() {
    return instance.directory();
  }

  Path file(LocalDisk disk) {
    return disk.in(directory());
  }

  Expected expected(LocalDisk disk) {
    return RecipeFiles.expected(disk, bases);
  }

  /**
   * A disk that is a file of this host.
   *
   * @throws ComputeException DISK_NOT_FOUND naming those there are
   */
  LocalDisk local(String id) {
    return recipe.localDisks().stream()
        .filter(disk -> disk.id().equals(id))
        .findFirst()
        .orElseThrow(() ->
            new ComputeException(
                ErrorCode.DISK_NOT_FOUND,
                "Server %s has no disk '%s' of its own on this host; it has: %s."
                    .formatted(
                        server(),
                        id.replaceAll("[^a-zA-Z0-9_.-]", "?"),
                        recipe.localDisks().stream()
                            .map(DiskRecipe::id)
                            .collect(Collectors.joining(", "))),
                null));
  }

  /** The server has this disk too from now on, also after a crash. Harmless when it has it. */
  void add(DiskRecipe disk) throws IOException {
    List<DiskRecipe> all = new ArrayList<>(others(disk.id()));
    all.add(disk);
    keep(all);
  }

  /** The server has no such disk from now on, also after a crash. Harmless when it has none. */
  void remove(String id) throws IOException {
    keep(others(id));
  }

  private List<DiskRecipe> others(String id) throws IOException {
    return Recipes.recipe(directory(), server()).disks().stream()
        .filter(disk -> !disk.id().equals(id))
        .toList();
  }

  private void keep(List<DiskRecipe> disks) throws IOException {
    LaunchRecipe now = Recipes.recipe(directory(), server());
    if (!now.disks().equals(disks)) {
      Recipes.keep(directory(), Recipes.write(now.withDisks(disks)), Recipes.images(directory()));
    }
  }

  /** Makes it the server's disk from now on, also after a crash. */
  void record(LocalDisk changed) throws IOException {
    LaunchRecipe now = Recipes.recipe(directory(), server());
    Recipes.keep(
        directory(),
        Recipes.write(
            now.withDisks(
                now.disks().stream()
                    .map(disk -> disk.id().equals(changed.id()) ? changed : disk)
                    .toList())),
        Recipes.images(directory()));
  }
}
