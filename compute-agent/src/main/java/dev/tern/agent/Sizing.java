package dev.tern.agent;

import dev.tern.contract.agent.AgentRequest.NewSize;
import dev.tern.virt.DiskImages.Expected;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;
import dev.tern.virt.qemu.RamSize;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Makes a server that nobody runs another one, of more or fewer processors and a larger disk. */
final class Sizing {
  private static final int SECTOR = 512;

  private final DiskSecrets secrets;
  private final Path bases;
  private final VirtDriver driver;

  Sizing(DiskSecrets secrets, Path bases, VirtDriver driver) {
    this.secrets = secrets;
    this.bases = bases;
    this.driver = driver;
  }

  /**
   * The recipe at that size; the same without one.
   *
   * @throws dev.tern.contract.ComputeException INVALID_INPUT when no server is of that size, or its
   *     disk would have to get smaller
   */
  LaunchRecipe sized(LaunchRecipe recipe, Optional<NewSize> wanted) throws VirtException {
    if (wanted.isEmpty()) {
      return recipe;
    }
    NewSize size = wanted.get();
    GuestLife.checkSize(size.vcpus(), size.memoryMib());
    LocalDisk root = recipe.localDisks().getFirst();
    if (size.rootDiskBytes() < root.virtualBytes() || size.rootDiskBytes() % SECTOR != 0) {
      throw Refusals.invalid(
          "Disk %s of %d bytes cannot be made one of %d."
              .formatted(root.id(), root.virtualBytes(), size.rootDiskBytes()));
    }
    HostCapabilities host = driver.capabilities();
    List<DiskRecipe> disks =
        recipe.disks().stream()
            .map(disk -> disk.equals(root) ? root.of(size.rootDiskBytes()) : disk)
            .toList();
    return recipe.sized(
        size.vcpus(),
        RamSize.forGuest(
            Math.toIntExact(size.memoryMib()), recipe.accelerator(), host.versionNumber()),
        disks);
  }

  /** Makes the files of the disks in an instance directory as large as the recipe says, durably. */
  void grow(LaunchRecipe recipe, Path instance) throws IOException, VirtException {
    for (LocalDisk disk : recipe.localDisks()) {
      Path file = disk.in(instance);
      Expected recorded = RecipeFiles.expected(disk, bases);
      if (driver.images().inspect(file, recorded).virtualBytes() == disk.virtualBytes()) {
        continue;
      }
      Optional<Path> secret =
          disk.encrypted() ? Optional.of(secrets.path(recipe, disk.id())) : Optional.empty();
      driver.images().grow(file, recorded, secret, disk.virtualBytes());
      Durable.sync(file);
    }
  }
}
