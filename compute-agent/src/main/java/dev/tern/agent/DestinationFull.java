package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.virt.VirtException;

/** A copy that failed because the other side has no room left, told apart from any other. */
final class DestinationFull {
  private DestinationFull() {}

  /** The failure by its name if it is that one, and as it was otherwise. */
  static Exception named(VirtException failure) {
    String said = String.valueOf(failure.getMessage());
    // QEMU and its tools end with the system's own words for ENOSPC and EDQUOT.
    if (failure.kind() == VirtException.Kind.REFUSED
        && (said.contains("No space left on device") || said.contains("Disk quota exceeded"))) {
      return new ComputeException(
          ErrorCode.HOST_DISK_FULL, "The destination's disk is full: %s".formatted(said), failure);
    }
    return failure;
  }
}
