package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * Whether an NBD server answers. QEMU connects to one with its main loop held, and a dead address
 * would hold the guest's I/O for TCP's own two minutes. So the address is tried from here first.
 */
final class Reachable {
  private Reachable() {}

  /**
   * @throws VirtException {@code REFUSED} when nobody listens there
   */
  static void require(Session session, String what, String host, int port) throws VirtException {
    try (Socket probe = new Socket()) {
      probe.connect(
          new InetSocketAddress(host, port),
          (int) session.settings().deadlines().query().toMillis());
    } catch (IOException e) {
      throw new VirtException(
          Kind.REFUSED,
          "%s at %s port %d cannot be reached: %s.".formatted(what, host, port, e.getMessage()),
          e);
    }
  }
}
