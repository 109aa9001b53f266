package dev.tern.standalone.demo;

import java.util.Locale;
import tools.jackson.databind.JsonNode;

/**
 * What was foreseen last before the guest was stopped, as the API tells it; below 0 what could not
 * be said.
 */
public record Foreseen(
    double lowSeconds, double expectedSeconds, double highSeconds, double pauseMillis) {
  private static final double UNKNOWN = -1;

  static Foreseen of(JsonNode migration) {
    JsonNode last = migration.path("foreseen").path("before_switchover");
    JsonNode total = last.path("total_seconds");
    return new Foreseen(
        total.path("low").asDouble(UNKNOWN),
        total.path("expected").asDouble(UNKNOWN),
        total.path("high").asDouble(UNKNOWN),
        last.path("pause_millis").asDouble(UNKNOWN));
  }

  String text() {
    return expectedSeconds < 0
        ? "nothing: it was over before enough was measured"
        : String.format(
            Locale.ROOT,
            "%.1f s (%.1f to %.1f), a pause of %.0f ms",
            expectedSeconds,
            lowSeconds,
            highSeconds,
            pauseMillis);
  }
}
