package dev.tern.conductor.drain;

import dev.tern.contract.Setting;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** How hosts are emptied, where a drain's own limits do not say otherwise. */
@Validated
@ConfigurationProperties(prefix = "tern.drain", ignoreUnknownFields = false)
public record DrainSettings(
    @Setting("How often a conductor looks what drains are to do next.") @DefaultValue("1s")
        Duration every,
    @Setting("How many migrations may leave a host that is emptied at once. At least 1.")
        @DefaultValue("2")
        @Min(1)
        @Max(1000)
        int out,
    @Setting(
            "How many migrations may come to one host at once, those of other drains and requests"
                + " included, for a drain to send it another. At least 1.")
        @DefaultValue("2")
        @Min(1)
        @Max(1000)
        int in,
    @Setting("How many migrations may run anywhere for a drain to begin another; 0 is any number.")
        @DefaultValue("0")
        @Min(0)
        int cluster,
    @Setting(
            "How often one server is tried before it counts as one that cannot be moved. At least"
                + " 1.")
        @DefaultValue("5")
        @Min(1)
        @Max(1000)
        int tries,
    @Setting(
            "How long a server rests after its first failed try; each further rest is twice as"
                + " long.")
        @DefaultValue("10s")
        Duration firstRest,
    @Setting("No rest between two tries is longer.") @DefaultValue("5m") Duration longestRest,
    @Setting(
            "How long a dry run can be looked at; it is forgotten then, and never listed unless"
                + " asked for. At least 1m.")
        @DefaultValue("1h")
        Duration keepDryRuns) {

  public DrainSettings {
    if (keepDryRuns.compareTo(Duration.ofMinutes(1)) < 0) {
      throw new IllegalArgumentException("tern.drain.keep-dry-runs is 1m at least");
    }
  }
}
