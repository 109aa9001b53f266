package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.contract.agent.NbdExport;
import dev.tern.virt.DiskCopies;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.VirtException;

/**
 * Which exports of foreign NBD servers a disk may be copied to. Whoever may name one lets this host
 * connect to it, so the host's administrator lists them.
 */
final class CopyExports {
  private final VirtDriver driver;
  private final AllowedExports allowed;

  CopyExports(VirtDriver driver, AllowedExports allowed) {
    this.driver = driver;
    this.allowed = allowed;
  }

  /** As the driver takes it. */
  static DiskCopies.Export target(NbdExport export) {
    return new DiskCopies.Export(export.host(), export.port(), export.name());
  }

  /**
   * Whether a disk may be copied there. Connects once to look, and writes nothing.
   *
   * @throws ComputeException why it may not: INVALID_INPUT, VOLUME_UNACCEPTABLE (not listed),
   *     VOLUME_IN_USE (the server has it as a volume), VOLUME_UNREACHABLE
   */
  void check(ServerDisks disks, LocalDisk disk, CopyOrder order, NbdExport export) {
    if (order.shallow()
        || order.overwrite()
        || order.reuse()
        || order.storage().isPresent()
        || order.name().isPresent()
        || !order.format().equals(java.util.Optional.of(CopyOrder.EXPORTED))) {
      throw Refusals.invalid("A copy to an export is a full one, and has nothing of a file.");
    }
    if (!allowed.contain(export)) {
      throw new ComputeException(
          ErrorCode.VOLUME_UNACCEPTABLE,
          "This host may not be told to connect to %s: whoever runs it lists the NBD servers that"
                  .formatted(export.uri())
              + " disks may be copied to in tern.agent.copy-targets.",
          null);
    }
    for (var other : disks.recipe().disks()) {
      if (other instanceof NetworkDisk volume
          && new NbdExport(volume.host(), volume.port(), volume.export()).equals(export)) {
        throw new ComputeException(
            ErrorCode.VOLUME_IN_USE,
            "%s is volume %s of this server.".formatted(export.uri(), volume.id()),
            null);
      }
    }
    long bytes = bytes(export);
    if (bytes < disk.virtualBytes()) {
      throw Refusals.invalid(
          "%s has %d bytes and the disk has %d: an export is as large as the disk, or larger."
              .formatted(export.uri(), bytes, disk.virtualBytes()));
    }
  }

  private long bytes(NbdExport export) {
    try {
      return driver.volumeBytes(export.host(), export.port(), export.name());
    } catch (VirtException e) {
      throw new ComputeException(
          ErrorCode.VOLUME_UNREACHABLE,
          "Disks cannot be copied to %s: %s".formatted(export.uri(), e.getMessage()),
          e);
    }
  }
}
