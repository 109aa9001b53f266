package dev.tern.agent;

import dev.tern.contract.ServerId;
import dev.tern.contract.agent.ConfigDrive;
import dev.tern.virt.DiskImages;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Config drives: immutable files in {@code _base} like any layer, so that they move as layers do
 * and are compared with their digests. Each holds its server's id, so no two servers share one, and
 * it goes with its server.
 */
final class ConfigDrives {
  /** The disk's id in the recipe. */
  static final String DISK = "config";

  private static final Logger log = LoggerFactory.getLogger(ConfigDrives.class);
  private static final String LABEL = "config-2";
  private static final int SECTOR = 512;

  private final Path bases;
  private final DiskImages images;
  private final LayerProofs proofs;
  private final BasePins pins;
  private final BaseUses uses;

  ConfigDrives(Path bases, DiskImages images, LayerProofs proofs, BasePins pins, BaseUses uses) {
    this.bases = bases;
    this.images = images;
    this.proofs = proofs;
    this.pins = pins;
    this.uses = uses;
  }

  /** What is done while the drive's file cannot go. */
  @FunctionalInterface
  interface Naming {
    void name(ReadOnlyDisk disk) throws IOException;
  }

  /**
   * Makes the drive, in the server's directory first, and lets a recipe name it.
   *
   * @throws VirtException {@code REFUSED} naming the package that is missing
   */
  void make(Path instance, ConfigDrive drive, Naming naming)
      throws IOException, VirtException, InterruptedException {
    Path tree = instance.resolve("config-tree");
    Path file = instance.resolve("config.iso");
    Durable.removeTree(tree);
    Files.deleteIfExists(file);
    try {
      for (Map.Entry<String, String> content : drive.files().entrySet()) {
        Path to = tree.resolve(content.getKey());
        Files.createDirectories(Objects.requireNonNull(to.getParent()), Durable.DIRECTORY_OF_OWNER);
        Durable.note(to, Base64.getDecoder().decode(content.getValue()));
      }
      images.pack(tree, LABEL, file);
      long bytes = Files.size(file);
      if (bytes <= 0 || bytes % SECTOR != 0) {
        throw new IOException("a config drive of %d bytes".formatted(bytes));
      }
      String sha256 = Digests.sha256(file);
      try (BasePins.Pin _ = pins.pin(sha256)) {
        place(file, sha256);
        naming.name(new ReadOnlyDisk(DISK, sha256, bytes));
      }
    } finally {
      Durable.removeTree(tree);
      Files.deleteIfExists(file);
    }
  }

  private void place(Path file, String sha256) throws IOException, InterruptedException {
    proofs.provenOrPlaced(
        sha256,
        to -> {
          Files.move(file, to);
          Durable.syncReadOnly(to);
        });
  }

  /** Digests of a server's drives, to be removed when it is gone; none when nobody can say. */
  List<String> of(Path instance, ServerId server) {
    if (!Recipes.present(instance)) {
      return List.of();
    }
    try {
      LaunchRecipe recipe = Recipes.recipe(instance, server);
      return recipe.disks().stream()
          .filter(disk -> disk.id().equals(DISK))
          .filter(ReadOnlyDisk.class::isInstance)
          .map(disk -> ((ReadOnlyDisk) disk).sha256())
          .toList();
    } catch (IOException | RuntimeException e) {
      log.atWarn()
          .addKeyValue("server", server)
          .setCause(e)
          .log("its config drive is left to housekeeping");
      return List.of();
    }
  }

  /** Removes those that no server of this host names any more. */
  void remove(List<String> drives) throws IOException {
    if (drives.isEmpty()) {
      return;
    }
    pins.whileNobodyPins(pinned -> {
      Set<String> used = uses.all();
      used.addAll(pinned);
      for (String drive : drives) {
        if (!used.contains(drive)) {
          Files.deleteIfExists(bases.resolve(drive));
        }
      }
      Durable.syncDirectory(bases);
      return used;
    });
  }
}
