package dev.tern.virt;

import dev.tern.virt.DiskImages.Expected;
import dev.tern.virt.DiskImages.ImageFacts;
import dev.tern.virt.DiskImages.Layer;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import dev.tern.virt.VirtException.Kind;
import java.nio.file.Path;
import java.util.List;

/** Whether the files a recipe names are there, and are what it says. */
public final class RecipeFiles {
  private RecipeFiles() {}

  /**
   * Looks at every disk of the recipe that is a file.
   *
   * @param bases directory of immutable files, each named by its sha256
   * @throws VirtException {@code REFUSED}, naming the disk and what is wrong with it
   */
  public static void check(LaunchRecipe recipe, Path instance, Path bases, DiskImages images)
      throws VirtException {
    for (DiskRecipe disk : recipe.disks()) {
      try {
        check(disk, instance, bases, images);
      } catch (VirtException e) {
        throw new VirtException(e.kind(), "Disk %s: %s".formatted(disk.id(), e.getMessage()), e);
      }
    }
  }

  private static void check(DiskRecipe disk, Path instance, Path bases, DiskImages images)
      throws VirtException {
    ImageFacts found;
    switch (disk) {
      case LocalDisk local -> found = images.inspect(local.in(instance), expected(local, bases));
      case ReadOnlyDisk readOnly ->
          found = images.inspect(bases.resolve(readOnly.sha256()), Expected.plain("raw"));
      case NetworkDisk _ -> {
        return;
      }
    }
    if (found.virtualBytes() != disk.virtualBytes()) {
      throw new VirtException(
          Kind.REFUSED,
          "its file has %d bytes and its recipe says %d."
              .formatted(found.virtualBytes(), disk.virtualBytes()),
          null);
    }
  }

  /** What a local disk's file was recorded to be. */
  public static Expected expected(LocalDisk disk, Path bases) {
    return new Expected(disk.format(), disk.encrypted(), layers(disk.layers(), bases));
  }

  /** The files of layers, nearest first. */
  public static List<Layer> layers(List<LayerRecipe> layers, Path bases) {
    return layers.stream()
        .map(layer -> new Layer(bases.resolve(layer.sha256()), layer.format(), layer.encrypted()))
        .toList();
  }
}
