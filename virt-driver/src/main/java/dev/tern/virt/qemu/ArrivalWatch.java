package dev.tern.virt.qemu;

import dev.tern.virt.Guest.ArrivalStamps;
import dev.tern.virt.qmp.QmpEvent;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * QEMU's stamps of one arrival, taken from its events as they come in. The monitor's thread tells
 * and another asks; this object's lock guards both.
 */
final class ArrivalWatch {
  private @Nullable Instant loaded;
  private @Nullable Instant resumed;

  synchronized void saw(QmpEvent event) {
    switch (event.name()) {
      case "RESUME" -> {
        if (resumed == null) {
          resumed = event.at();
        }
      }
      case "MIGRATION" -> {
        // After post-copy all is there long after the guest runs; that is no part of its pause.
        if (resumed == null && event.text("status").equals("completed")) {
          loaded = event.at();
        }
      }
      default -> {}
    }
  }

  synchronized ArrivalStamps stamps() {
    return new ArrivalStamps(Optional.ofNullable(loaded), Optional.ofNullable(resumed));
  }
}
