package dev.tern.api.trail;

import dev.tern.contract.Setting;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** Who asked for what. */
@Validated
@ConfigurationProperties("tern.api.audit-trail")
public record TrailSettings(
    @Setting("How long it is kept who asked for what; 0 keeps nothing at all.")
        @DefaultValue("365d")
        @NotNull
        Duration keep,
    @Setting("Requests that are kept at most; the oldest go first.")
        @DefaultValue("1000000")
        @Min(1)
        long most,
    @Setting("Pause between two removals of what is too old or too much.")
        @DefaultValue("10m")
        @NotNull
        Duration purgeEvery) {
  public TrailSettings {
    if (keep.isNegative()) {
      throw new IllegalArgumentException("tern.api.audit-trail.keep is not below 0");
    }
    if (purgeEvery.isNegative() || purgeEvery.isZero()) {
      throw new IllegalArgumentException("tern.api.audit-trail.purge-every is above 0");
    }
  }
}
