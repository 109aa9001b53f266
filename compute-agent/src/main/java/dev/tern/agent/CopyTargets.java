package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.CopyUse;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.virt.DiskImages;
import dev.tern.virt.DiskImages.Expected;
import dev.tern.virt.DiskImages.ImageFacts;
import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Where a copy may go: a file of this host, or what {@link CopyExports} lets it. */
final class CopyTargets {
  private static final Pattern NAME = Pattern.compile("[a-z0-9]{1,32}");

  private final Storages storages;
  private final DiskImages images;
  private final DiskSecrets secrets;
  private final long reserve;
  private final CopyExports exports;

  /**
   * @param reserve bytes of a storage that stay free
   */
  CopyTargets(
      Storages storages,
      DiskImages images,
      DiskSecrets secrets,
      long reserve,
      CopyExports exports) {
    this.storages = storages;
    this.images = images;
    this.secrets = secrets;
    this.reserve = reserve;
    this.exports = exports;
  }

  /**
   * The disk as it would be once it is the copy; empty when the copy is an export. Makes the
   * server's directory in the storage and nothing else.
   *
   * @throws ComputeException when it cannot be, saying why and what to do
   */
  Optional<LocalDisk> resolve(ServerDisks disks, CopyOrder order)
      throws IOException, VirtException {
    LocalDisk disk = disks.local(order.disk());
    require(order.bytesPerSecond() >= 0, "A bandwidth is not negative; 0 is unlimited.");
    if (order.export().isEmpty()) {
      return Optional.of(file(disks, disk, order));
    }
    require(
        !order.resumable(),
        "A resumable copy is a file of this host: a copy to an NBD export is not gone on with.");
    require(
        !disk.encrypted(),
        "Disk %s is encrypted, and an export would hold it in plaintext: copy it to a qcow2 file."
            .formatted(disk.id()));
    inspect(disks, disk);
    requireOnly(disks, order);
    exports.check(disks, disk, order, order.export().get());
    return Optional.empty();
  }

  private LocalDisk file(ServerDisks disks, LocalDisk disk, CopyOrder order)
      throws IOException, VirtException {
    String format = ResumableCopies.format(order, disk);
    if (order.resumable()) {
      ResumableCopies.check(disks, disk, order);
    }
    check(disk, order, format);
    inspect(disks, disk);
    String name = order.name().orElse(disk.id() + "c" + CopyNote.tag(order.id()));
    if (!NAME.matcher(name).matches()) {
      throw Refusals.invalid("A copy's name has 1 to 32 lower-case letters and digits.");
    }
    storages.of(disks.server(), disks.directory(), order.storage());
    LocalDisk target =
        new LocalDisk(
            disk.id(),
            name + "." + format,
            format,
            disk.virtualBytes(),
            order.shallow() ? disk.layers() : List.of(),
            disk.encrypted(),
            order.storage());
    checkFile(disks, disk, target, order);
    return target;
  }

  private static void check(LocalDisk disk, CopyOrder order, String format) {
    require(format.equals("qcow2") || format.equals("raw"), "The format is qcow2 or raw.");
    require(!order.overwrite() || !order.reuse(), "A file is either overwritten or reused.");
    if (order.shallow()) {
      require(
          !disk.layers().isEmpty(),
          "Disk %s lies on nothing: copy it in full.".formatted(disk.id()));
      require(format.equals("qcow2"), "Only a qcow2 file can share layers: copy it in full.");
      require(!order.reuse(), "A reused file can only be a full copy: old content would show.");
    }
    if (disk.encrypted()) {
      checkEncrypted(disk, order, format);
    }
  }

  /** Nothing of what it holds is ever in plaintext, and a file's own passphrase nobody knows. */
  private static void checkEncrypted(LocalDisk disk, CopyOrder order, String format) {
    require(
        order.use().filter(use -> use == CopyUse.IMAGE).isEmpty(),
        "Disk %s is encrypted: nobody but this server could open an image of it."
            .formatted(disk.id()));
    require(
        format.equals("qcow2"),
        "Disk %s is encrypted, and a %s copy would hold it in plaintext: copy it to qcow2."
            .formatted(disk.id(), format));
    require(
        !order.reuse(),
        "Disk %s is encrypted, and a file that is there has a passphrase of its own: overwrite it."
            .formatted(disk.id()));
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw Refusals.invalid(otherwise);
    }
  }

  private void inspect(ServerDisks disks, LocalDisk disk) throws VirtException {
    try {
      images.inspect(disks.file(disk), disks.expected(disk));
    } catch (VirtException e) {
      throw unacceptable("Disk %s cannot be copied: %s".formatted(disk.id(), e.getMessage()), e);
    }
  }

  private static ComputeException unacceptable(String message, VirtException cause)
      throws VirtException {
    if (cause.kind() != VirtException.Kind.REFUSED) {
      throw cause;
    }
    return new ComputeException(ErrorCode.IMAGE_UNACCEPTABLE, message, cause);
  }

  private void checkFile(ServerDisks disks, LocalDisk disk, LocalDisk target, CopyOrder order)
      throws IOException, VirtException {
    Path file = disks.file(target);
    boolean exists = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
    if (exists && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw Refusals.invalid("%s is there and is no file.".formatted(target.file()));
    }
    for (LocalDisk mine : disks.recipe().localDisks()) {
      boolean same = mine.storage().equals(target.storage());
      // Where the server moves to, all its disks are in one directory.
      if (mine.file().equals(target.file()) && (same || !mine.id().equals(target.id()))) {
        throw busy("%s is the file of disk %s.".formatted(target.file(), mine.id()));
      }
    }
    requireOnly(disks, order);
    if (ResumableCopies.goesOn(disks, target, order)) {
      return;
    }
    if (exists && !order.overwrite() && !order.reuse()) {
      throw new ComputeException(
          ErrorCode.DISK_FILE_EXISTS,
          "%s exists already; overwrite or reuse it, or choose another name."
              .formatted(target.file()),
          null);
    }
    if (order.reuse()) {
      checkReused(file, target);
    } else {
      checkRoom(disks, disk, file, order);
    }
  }

  private static void requireOnly(ServerDisks disks, CopyOrder order) throws IOException {
    for (CopyNote other : new DiskNotes(disks.directory()).copies()) {
      if (!other.ended() && !other.order().id().equals(order.id())) {
        throw busy(
            "Copy %s of disk %s is under way; end it first."
                .formatted(other.order().id(), other.order().disk()));
      }
    }
  }

  private static ComputeException busy(String message) {
    return new ComputeException(ErrorCode.DISK_BUSY, message, null);
  }

  private void checkReused(Path file, LocalDisk target) throws VirtException {
    ImageFacts found;
    try {
      found = images.inspectUntrusted(file, target.format());
    } catch (VirtException e) {
      throw unacceptable("%s cannot be reused: %s".formatted(target.file(), e.getMessage()), e);
    }
    if (found.virtualBytes() != target.virtualBytes()) {
      throw Refusals.invalid(
          "%s has %d bytes and the disk has %d: a reused file has the disk's size."
              .formatted(target.file(), found.virtualBytes(), target.virtualBytes()));
    }
  }

  private void checkRoom(ServerDisks disks, LocalDisk disk, Path file, CopyOrder order)
      throws IOException, VirtException {
    long needed = images.inspect(disks.file(disk), disks.expected(disk)).allocatedBytes();
    if (!order.shallow()) {
      for (DiskImages.Layer layer : RecipeFiles.layers(disk.layers(), disks.bases())) {
        needed += images.allocatedBytes(layer.file());
      }
    }
    long free = Files.getFileStore(file.getParent()).getUsableSpace() - reserve;
    if (Math.min(needed, disk.virtualBytes()) > free) {
      throw new ComputeException(
          ErrorCode.HOST_DISK_FULL,
          "A copy of disk %s takes up to %d bytes there, and %d are free."
              .formatted(disk.id(), Math.min(needed, disk.virtualBytes()), Math.max(0, free)),
          null);
    }
  }

  /** The file, empty and durable; a reused one is left as it is, and so is an export. */
  void create(ServerDisks disks, CopyNote note) throws IOException, VirtException {
    if (note.order().reuse() || note.target().isEmpty()) {
      return;
    }
    LocalDisk target = note.target().get();
    Path file = disks.file(target);
    Files.deleteIfExists(file);
    Expected expected = disks.expected(target);
    images.create(
        file,
        new NewImage(
            expected.format(),
            target.virtualBytes(),
            expected.layers(),
            secrets.of(disks.recipe(), target),
            Optional.empty()));
    Durable.sync(file);
    Durable.syncDirectory(file.getParent());
  }
}
