package dev.tern.conductor.cold;

import dev.tern.contract.Setting;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** What becomes of servers that were migrated cold or resized. */
@Validated
@ConfigurationProperties(prefix = "tern.resize", ignoreUnknownFields = false)
public record ResizeSettings(
    @Setting(
            "How long a server that was migrated cold or resized waits to be confirmed or reverted"
                + " before it is confirmed by itself; 0 waits for ever.")
        @DefaultValue("0s")
        Duration confirmWindow) {
  public ResizeSettings {
    if (confirmWindow.isNegative()) {
      throw new IllegalArgumentException("tern.resize.confirm-window is not negative");
    }
  }
}
