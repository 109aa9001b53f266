package dev.tern.virt.qemu;

import dev.tern.virt.Guest.LeavingStamps;
import dev.tern.virt.qmp.QmpEvent;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * QEMU's stamps of one hand-over, taken from its events as they come in, whoever reads them after.
 * The monitor's thread tells and another asks; this object's lock guards all of it.
 */
final class LeavingWatch {
  private @Nullable Instant stopped;
  private @Nullable Instant preSwitchover;
  private @Nullable Instant mirrored;
  private @Nullable Instant sent;
  private boolean ranAgain;

  synchronized void saw(QmpEvent event) {
    switch (event.name()) {
      case "STOP" -> stopped = event.at();
      case "RESUME" -> {
        stopped = null;
        ranAgain |= preSwitchover != null;
      }
      case "BLOCK_JOB_COMPLETED" -> {
        if (Nodes.isMirror(event.text("device"))) {
          mirrored = event.at();
        }
      }
      case "MIGRATION" -> {
        switch (event.text("status")) {
          case "pre-switchover" -> preSwitchover = event.at();
          case "completed" -> sent = event.at();
          case "failed", "cancelled" -> ranAgain |= preSwitchover != null;
          default -> {}
        }
      }
      default -> {}
    }
  }

  /** Whether QEMU ran the guest by itself after the pause before the switch, or was about to. */
  synchronized boolean ranAgain() {
    return ranAgain;
  }

  synchronized LeavingStamps stamps() {
    return new LeavingStamps(
        Optional.ofNullable(stopped),
        Optional.ofNullable(preSwitchover),
        Optional.ofNullable(mirrored),
        Optional.ofNullable(sent));
  }
}
