package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.BlockDevice;
import java.util.List;

/** How fast the guest may write to its disks. A drive that takes no limit needs none. */
final class GuestWrites {
  /**
   * A mirror copies no less than this of what was written to (QEMU's granularity for images of
   * ours), so a guest that writes little pieces all over its disk makes sixteen times the work.
   */
  private static final long COPIED_AT_ONCE = 64 << 10;

  private GuestWrites() {}

  /** Limits each disk; 0 is unlimited. Only writes of the guest count, none of a mirror's reads. */
  static void limit(Session session, long bytesPerSecond) throws VirtException {
    long writes = bytesPerSecond == 0 ? 0 : Math.max(1, bytesPerSecond / COPIED_AT_ONCE);
    for (String device : disks(session.call(new Commands.QueryBlock()))) {
      session.callUnlessRefused(new Commands.BlockSetIoThrottle(device, bytesPerSecond, writes));
    }
  }

  /** Lifts what limits there are. */
  static void free(Session session) throws VirtException {
    List<BlockDevice> limited =
        session.call(new Commands.QueryBlock()).stream()
            .filter(d -> d.inserted() != null && d.inserted().bps_wr() > 0)
            .toList();
    for (String device : disks(limited)) {
      session.callUnlessRefused(new Commands.BlockSetIoThrottle(device, 0, 0));
    }
  }

  private static List<String> disks(List<BlockDevice> devices) {
    return devices.stream()
        .map(BlockDevice::qdev)
        .filter(qdev -> qdev != null && Nodes.diskOf(qdev).isPresent())
        .toList();
  }
}
