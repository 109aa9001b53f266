package dev.tern.store;

import dev.tern.contract.Setting;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What every forecast starts from: of a preflight, of a migration that begins, and of a drain's
 * plan.
 *
 * @param assumedBytesPerSecond of one migration
 */
@ConfigurationProperties(prefix = "tern.forecast", ignoreUnknownFields = false)
public record ForecastSettings(
    @Setting(
            "Bytes per second of one migration that forecasts count with as long as none has been"
                + " measured. At least 1. The API and the conductors read it: one value for all"
                + " of them, or a preflight and the plan of a drain say different things.")
        @DefaultValue("100000000")
        long assumedBytesPerSecond) {
  public ForecastSettings {
    if (assumedBytesPerSecond < 1) {
      throw new IllegalArgumentException("tern.forecast.assumed-bytes-per-second is 1 at least");
    }
  }
}
