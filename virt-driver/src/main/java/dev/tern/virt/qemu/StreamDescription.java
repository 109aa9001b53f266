package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.QmpMonitor;

/**
 * What QEMU writes behind the last byte of a guest that its destination needs: a description of the
 * stream, for tools that look at it. A source whose link breaks in these few KiB calls its
 * migration failed and runs its guest, though all of it arrived.
 *
 * <p>Both sides have to be set alike before anything moves. A destination that expects none closes
 * the connection while its source still writes, which fails the source all the more; one that
 * expects it waits for it until the source closes. A machine keeps what it was set to, so each
 * migration sets it, on both sides.
 */
final class StreamDescription {
  private static final String MACHINE = "/machine";
  private static final String SUPPRESS = "suppress-vmdesc";

  private StreamDescription() {}

  static boolean canBeSuppressed(QmpMonitor monitor) throws VirtException {
    return monitor.call(new Commands.QomList(MACHINE)).stream()
        .anyMatch(property -> property.name().equals(SUPPRESS));
  }

  /** Returns whether the stream has none from now on: what is asked for, where QEMU can. */
  static boolean suppress(QmpMonitor monitor, boolean wanted) throws VirtException {
    try {
      var _ = monitor.call(new Commands.QomSet(MACHINE, SUPPRESS, wanted));
      return wanted;
    } catch (VirtException e) {
      if (e.kind() != Kind.REFUSED) {
        throw e;
      }
      return false;
    }
  }
}
