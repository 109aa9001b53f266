package dev.tern.api.migrations;

import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ServerId;

/**
 * {@code tunnelled}, as who knows libvirt's {@code --tunnelled} asks for it: memory through the
 * connection of the two daemons. Every server here has a disk on its host, which libvirt itself
 * refuses to send through a tunnel; so does this, by its own name, before anything is made.
 */
final class Tunnel {
  private static final String INSTEAD =
      " Leave 'tunnelled' out: memory and disks go from QEMU to QEMU by TLS then, with a key of this"
          + " migration's own (docs/live-migration.md).";

  private Tunnel() {}

  static boolean asked(JsonBody body) {
    return body.flagOr("tunnelled", false);
  }

  /**
   * @param disksChosen whether the request says which disks are to be copied
   */
  static ComputeException refused(ServerId server, boolean disksChosen) {
    String why =
        disksChosen
            ? "Selecting disks is not supported with a tunnelled migration: the disks of instance"
                + " %s would have to go past the tunnel."
            : "Non-shared storage is not supported with a tunnelled migration: instance %s has"
                + " disks on its host, which would have to go past the tunnel.";
    return new ComputeException(
        ErrorCode.TUNNEL_NOT_OFFERED, why.formatted(server) + INSTEAD, null);
  }
}
