package dev.tern.standalone.demo;

import java.util.Locale;
import tools.jackson.databind.JsonNode;

/**
 * The guest's pause in milliseconds and its parts, by QEMU's event stamps on both hosts, as the API
 * tells them; below 0 what it does not know.
 *
 * @param stop until what is left of memory is known
 * @param mirrorDrain until the disks are alike
 * @param deviceState until all is loaded at the destination
 * @param start until the guest runs
 */
public record Pauses(
    double total, double stop, double mirrorDrain, double deviceState, double start) {
  private static final double UNKNOWN = -1;

  static Pauses of(JsonNode migration) {
    JsonNode parts = migration.path("pause");
    return new Pauses(
        parts.path("total_millis").asDouble(UNKNOWN),
        parts.path("stop_millis").asDouble(UNKNOWN),
        parts.path("mirror_drain_millis").asDouble(UNKNOWN),
        parts.path("device_state_millis").asDouble(UNKNOWN),
        parts.path("start_millis").asDouble(UNKNOWN));
  }

  String parts() {
    return "stop %s, mirror drain %s, device state %s, start %s ms"
        .formatted(text(stop), text(mirrorDrain), text(deviceState), text(start));
  }

  static String text(double millis) {
    return millis < 0 ? "unknown" : String.format(Locale.ROOT, "%.1f", millis);
  }
}
