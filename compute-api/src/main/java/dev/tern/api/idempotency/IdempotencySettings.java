package dev.tern.api.idempotency;

import dev.tern.contract.Setting;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** Keys by which clients repeat requests. */
@Validated
@ConfigurationProperties("tern.api.idempotency")
public record IdempotencySettings(
    @Setting(
            "How long the answer to a request with an Idempotency-Key is kept, from when it came; after that the key is a new one.")
        @DefaultValue("24h")
        @NotNull
        Duration keep,
    @Setting(
            "How long a request may take until another one with its key may take over, because its API is taken for dead; shorter than keep.")
        @DefaultValue("30s")
        @NotNull
        Duration hold,
    @Setting("Pause between two removals of keys whose time is over.") @DefaultValue("10m") @NotNull
        Duration purgeEvery) {
  public IdempotencySettings {
    if (hold.isNegative() || hold.isZero() || hold.compareTo(keep) >= 0) {
      throw new IllegalArgumentException(
          "tern.api.idempotency.hold is above 0 and shorter than tern.api.idempotency.keep");
    }
    if (purgeEvery.isNegative() || purgeEvery.isZero()) {
      throw new IllegalArgumentException("tern.api.idempotency.purge-every is above 0");
    }
  }
}
