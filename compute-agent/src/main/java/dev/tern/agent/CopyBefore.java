package dev.tern.agent;

import dev.tern.virt.DiskImages;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a server was before it was resized where it is, in {@code before-EPOCH} of its directory:
 * its recipe, and its disks as they were. It is there whole or not at all, until it is given back:
 * then each file goes to where it was, so that what is left of it is what has still to go. Only
 * while the journal says that the server has left is any file moved.
 */
final class CopyBefore {
  private static final String NAME = "before-";
  private static final String DISKS = "disks";

  private final Instance instance;
  private final Path place;

  private CopyBefore(Instance instance, long epoch) {
    this.instance = instance;
    this.place = instance.directory().resolve(NAME + epoch);
  }

  static CopyBefore of(Instance instance, long epoch) {
    return new CopyBefore(instance, epoch);
  }

  /** Any that is there, of whatever epoch. */
  static Optional<Path> any(Instance instance) throws IOException {
    try (Stream<Path> files = Files.list(instance.directory())) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(NAME))
          .filter(file -> !file.getFileName().toString().endsWith(Durable.HALF))
          .findFirst();
    }
  }

  boolean present() {
    return Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS);
  }

  /** Makes it, from disks that nobody writes to. Harmless when it is there. */
  void make(DiskImages images) throws IOException, VirtException, InterruptedException {
    if (present()) {
      return;
    }
    Path half = place.resolveSibling(place.getFileName() + Durable.HALF);
    Durable.removeTree(half);
    Durable.directory(half);
    Durable.directory(half.resolve(DISKS));
    for (LocalDisk disk : disks(instance.directory())) {
      Path to = half.resolve(DISKS).resolve(disk.id());
      images.copy(disk.in(instance.directory()), to);
      Durable.sync(to);
    }
    Recipes.keep(half, Recipes.text(instance.directory()), Recipes.images(instance.directory()));
    Durable.syncDirectory(half.resolve(DISKS));
    Durable.syncDirectory(half);
    Durable.rename(half, place);
  }

  private List<LocalDisk> disks(Path recipeIn) throws IOException {
    return Recipes.recipe(recipeIn, instance.server()).localDisks();
  }

  /** The server's recipe as it was. */
  LaunchRecipe recipe() throws IOException {
    return Recipes.recipe(place, instance.server());
  }

  /** Puts everything where it was. May be asked again; the recipe it had stays until the end. */
  void giveBack() throws IOException {
    for (LocalDisk disk : disks(place)) {
      Path kept = place.resolve(DISKS).resolve(disk.id());
      if (Files.exists(kept, LinkOption.NOFOLLOW_LINKS)) {
        putBack(kept, disk.in(instance.directory()));
      }
    }
    Recipes.keep(instance.directory(), Recipes.text(place), Recipes.images(place));
  }

  /** A storage may be another file system, where a file is copied before it goes. */
  private static void putBack(Path kept, Path file) throws IOException {
    @Nullable Path directory = file.getParent();
    if (directory == null) {
      throw new IOException("%s is in no directory".formatted(file));
    }
    if (Files.getFileStore(kept).equals(Files.getFileStore(directory.toRealPath()))) {
      Files.move(kept, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } else {
      Files.copy(kept, file, StandardCopyOption.REPLACE_EXISTING);
      Durable.sync(file);
      Files.delete(kept);
    }
    Durable.syncDirectory(directory);
  }

  /** All of it, at once for whoever looks. */
  void remove() throws IOException {
    Path half = place.resolveSibling(place.getFileName() + Durable.HALF);
    if (present()) {
      Durable.removeTree(half);
      Durable.rename(place, half);
    }
    Durable.removeTree(half);
  }
}
