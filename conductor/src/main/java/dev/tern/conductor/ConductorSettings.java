package dev.tern.conductor;

import dev.tern.conductor.migration.MigrationSettings;
import dev.tern.conductor.server.ServerSettings;
import dev.tern.contract.Setting;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** How a conductor runs. */
@Validated
@ConfigurationProperties(prefix = "tern.conductor", ignoreUnknownFields = false)
public record ConductorSettings(
    @Setting("The name of this conductor in the list of services; one of its own for each copy.")
        @DefaultValue("conductor")
        @NotBlank
        String name,
    @Setting(
            "How many sagas (boots, migrations, deletes…) one conductor runs at once; others wait.")
        @DefaultValue("256")
        @Min(1)
        int sagasAtOnce,
    @Setting(
            "For how long a conductor may be silent before another takes over its sagas. At least"
                + " 15s: it must outlast every pause between two writes.")
        @DefaultValue("30s")
        Duration lease,
    @Setting("How often to look for sagas that no conductor runs.") @DefaultValue("5s")
        Duration sweepEvery,
    @Setting("How often to look for messages to send when there was none.") @DefaultValue("100ms")
        Duration outboxEvery,
    @Setting("How often to say that this conductor is there.") @DefaultValue("10s")
        Duration beatEvery,
    @Setting("A host that has not reported for this long is down.") @DefaultValue("60s")
        Duration hostDownAfter,
    @DefaultValue @Valid MigrationSettings migration,
    @DefaultValue @Valid ServerSettings server) {
  private static final Duration SHORTEST_LEASE = Duration.ofSeconds(15);

  public ConductorSettings {
    if (lease.compareTo(SHORTEST_LEASE) < 0) {
      throw new IllegalArgumentException("tern.conductor.lease is 15s at least");
    }
  }
}
