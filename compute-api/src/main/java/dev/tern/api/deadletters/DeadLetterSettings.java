package dev.tern.api.deadletters;

import dev.tern.contract.Setting;
import dev.tern.store.DeadLetterStore.Bounds;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/** How much is kept of messages that nobody could handle. */
@Validated
@ConfigurationProperties("tern.api.dead-letters")
public record DeadLetterSettings(
    @Setting(
            "Dead letters that are kept; of more, the oldest are discarded. Each API may be some more ahead.")
        @DefaultValue("10000")
        @Min(1)
        @Max(1_000_000)
        int most,
    @Setting("What the bodies of all kept dead letters take at most; at least 16MB.")
        @DefaultValue("1GB")
        @NotNull
        DataSize mostBytes,
    @Setting("How long a dead letter is kept after it was found; 0 keeps it for ever.")
        @DefaultValue("30d")
        @NotNull
        Duration keep,
    @Setting("Pause between two looks for dead letters that are too many or too old.")
        @DefaultValue("10m")
        @NotNull
        Duration purgeEvery) {
  private static final DataSize LEAST = DataSize.ofMegabytes(16);

  public DeadLetterSettings {
    if (mostBytes.compareTo(LEAST) < 0) {
      throw new IllegalArgumentException("tern.api.dead-letters.most-bytes is at least 16MB");
    }
    if (keep.isNegative()) {
      throw new IllegalArgumentException("tern.api.dead-letters.keep is not below 0");
    }
    if (!purgeEvery.isPositive()) {
      throw new IllegalArgumentException("tern.api.dead-letters.purge-every is above 0");
    }
  }

  Bounds bounds() {
    return new Bounds(most, mostBytes.toBytes(), keep);
  }
}
