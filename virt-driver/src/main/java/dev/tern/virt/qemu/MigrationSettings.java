package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.CapabilityState;
import java.time.Duration;
import java.util.List;

/**
 * Capabilities and parameters of a migration. QEMU keeps them after it has migrated or failed, so
 * each migration sets all of them, on both sides.
 */
final class MigrationSettings {
  private static final Duration DEFAULT_DOWNTIME = Duration.ofMillis(300);

  private MigrationSettings() {}

  static void incoming(Session session) throws VirtException {
    apply(session, false, 0, DEFAULT_DOWNTIME);
  }

  static void outgoing(Session session, long bytesPerSecond, Duration downtimeLimit)
      throws VirtException {
    apply(session, true, bytesPerSecond, downtimeLimit);
  }

  private static void apply(
      Session session, boolean outgoing, long bytesPerSecond, Duration downtimeLimit)
      throws VirtException {
    session.call(
        new Commands.MigrateSetCapabilities(
            List.of(
                // Without it QEMU tells nothing, and the guest waits for the next poll.
                new CapabilityState("events", true),
                new CapabilityState("pause-before-switchover", outgoing),
                new CapabilityState("xbzrle", false),
                new CapabilityState("auto-converge", false),
                new CapabilityState("postcopy-ram", false),
                new CapabilityState("return-path", false),
                new CapabilityState("multifd", false),
                new CapabilityState("late-block-activate", false))));
    parameters(session, bytesPerSecond, downtimeLimit);
  }

  /** What may change while memory moves. */
  static void parameters(Session session, long bytesPerSecond, Duration downtimeLimit)
      throws VirtException {
    session.call(
        new Commands.MigrateSetParameters(
            bytesPerSecond, Math.max(1, downtimeLimit.toMillis()), "", "", ""));
  }
}
