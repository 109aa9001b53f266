package dev.tern.agent;

import dev.tern.contract.ServerId;
import dev.tern.virt.DiskImages.Expected;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.RecipeFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * A disk of a server, found by its file in an agent's directory without that agent: what lies below
 * it stands in the server's recipe and in no header.
 *
 * @param id of the disk, as in {@code /v1/servers/{id}/disks}
 * @param expected what the file was recorded to be
 */
public record OfflineDisk(ServerId server, String id, Path file, Expected expected) {
  /**
   * Finds it; changes nothing.
   *
   * @param file as {@code /v1/servers/{id}/disks} shows it to administrators
   * @throws IOException when it is no disk of a server in that directory
   * @throws dev.tern.contract.ComputeException when the server's recipe cannot be read
   */
  public static OfflineDisk of(Path file) throws IOException {
    Path there = file.toAbsolutePath().normalize();
    Path instance =
        instance(there)
            .orElseThrow(() ->
                new IOException(
                    "%s is no disk of a server: no recipe lies beside it.".formatted(there)));
    ServerId server = server(instance);
    LaunchRecipe recipe = Recipes.recipe(instance, server);
    Path bases = Objects.requireNonNull(instance.getParent()).resolveSibling("_base");
    for (LocalDisk disk : recipe.localDisks()) {
      if (disk.in(instance).equals(there)) {
        return new OfflineDisk(server, disk.id(), there, RecipeFiles.expected(disk, bases));
      }
    }
    throw new IOException(
        "%s is no disk of server %s; these are: %s."
            .formatted(
                there, server, recipe.localDisks().stream().map(d -> d.in(instance)).toList()));
  }

  /** A disk lies in its server's directory, or in a storage that a link in there leads to. */
  private static Optional<Path> instance(Path file) {
    Path parent = file.getParent();
    for (int up = 0; up < 2 && parent != null && parent.getParent() != null; up++) {
      if (Recipes.present(parent)) {
        return Optional.of(parent);
      }
      parent = parent.getParent();
    }
    return Optional.empty();
  }

  private static ServerId server(Path instance) throws IOException {
    try {
      return ServerId.parse(Objects.requireNonNull(instance.getFileName()).toString());
    } catch (IllegalArgumentException e) {
      throw new IOException("%s is not named after a server.".formatted(instance), e);
    }
  }
}
