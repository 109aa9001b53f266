package dev.tern.agent;

import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.StreamKey;
import java.util.Optional;

/**
 * Where a guest is sent, as its destination said and this host has checked.
 *
 * @param key empty for plaintext
 */
record StreamTarget(IncomingReady ready, Optional<StreamKey> key) {
  private static final int LAST_PORT = 65_535;

  /**
   * Checks where to.
   *
   * @throws dev.tern.contract.ComputeException when the address or a port cannot be used
   */
  static StreamTarget of(IncomingReady ready, Optional<StreamKey> key) {
    try {
      MigrationAddress.parse(ready.address());
    } catch (IllegalArgumentException e) {
      throw Refusals.invalid(
          "The destination's address cannot be used: %s.".formatted(e.getMessage()));
    }
    if (!isPort(ready.nbdPort()) || !isPort(ready.migrationPort())) {
      throw Refusals.invalid("The destination's ports cannot be used.");
    }
    return new StreamTarget(ready, key);
  }

  private static boolean isPort(int port) {
    return port > 0 && port <= LAST_PORT;
  }

  MirrorTarget mirror(LocalDisk disk, Way way) {
    String export = ready.exports().get(disk.id());
    if (export == null) {
      throw Refusals.invalid("The destination exports no %s.".formatted(disk.id()));
    }
    return new MirrorTarget(
        disk.id(), ready.address(), ready.nbdPort(), export, DiskWays.sync(way), key);
  }

  MemoryTarget memory() {
    return new MemoryTarget(
        ready.address(),
        ready.migrationPort(),
        key,
        ready.suppressVmdesc(),
        ready.awaitsSource().orElse(false));
  }
}
