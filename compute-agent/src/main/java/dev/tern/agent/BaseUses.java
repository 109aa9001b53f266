package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ServerId;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;

/**
 * Which files in {@code _base} the servers of this host name: by their recipes, their copies and
 * snapshots under way, and those of servers that moved away and left their disks. QEMU opens layers
 * by recipes alone, so what none of these names is below no disk.
 */
final class BaseUses {
  private static final int ID_LENGTH = 36;

  private final Instances instances;

  BaseUses(Instances instances) {
    this.instances = instances;
  }

  /**
   * @throws IOException when anything cannot be read: then nobody knows what is in use
   */
  Set<String> all() throws IOException {
    Set<String> used = new HashSet<>();
    // Instances first: one that is kept meanwhile is found in one of both places.
    for (Instance instance : instances.present()) {
      boolean whole = instance.standing().place() != Standing.Place.NOTHING;
      collect(instance.directory(), instance.server(), whole, used);
    }
    try (Stream<Path> kept = Files.list(instances.directories().kept())) {
      for (Path directory : (Iterable<Path>) kept::iterator) {
        collect(directory, keptServer(directory), true, used);
      }
    }
    return used;
  }

  private static ServerId keptServer(Path directory) throws IOException {
    String name = directory.getFileName().toString();
    try {
      return ServerId.parse(name.substring(0, Math.min(ID_LENGTH, name.length())));
    } catch (IllegalArgumentException e) {
      throw new IOException("kept/%s is no server's".formatted(name), e);
    }
  }

  private static void collect(Path directory, ServerId server, boolean whole, Set<String> used)
      throws IOException {
    if (!whole && !Recipes.present(directory)) {
      return; // Being made, and what it needs is reserved; or its making was cut off.
    }
    try {
      Recipes.files(Recipes.recipe(directory, server)).forEach(used::add);
      DiskNotes notes = new DiskNotes(directory);
      for (CopyNote note : notes.copies()) {
        collect(note.before(), used);
        note.target().ifPresent(target -> collect(target, used));
      }
      for (FreezeNote note : notes.freezes()) {
        collect(note.before(), used);
        note.sha256().ifPresent(used::add);
      }
    } catch (ComputeException | JacksonException e) {
      throw new IOException("what server %s needs cannot be read".formatted(server), e);
    } catch (IOException e) {
      if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
      // Removed while it was read: it needs nothing any more.
    }
  }

  private static void collect(LocalDisk disk, Set<String> used) {
    disk.layers().stream().map(LayerRecipe::sha256).forEach(used::add);
  }
}
