package dev.tern.api.events;

import dev.tern.contract.Setting;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** What is told at {@code GET /v1/events}. */
@Validated
@ConfigurationProperties("tern.api.events")
public record EventSettings(
    @Setting(
            "How often the database is asked what has changed, while anybody watches; once for all who do.")
        @DefaultValue("500ms")
        @NotNull
        Duration every,
    @Setting(
            "How often hosts are looked at for being up or down, while an administrator watches; what else changes of them is told at once.")
        @DefaultValue("5s")
        @NotNull
        Duration hostsEvery,
    @Setting("How long nothing is told at most: a comment is sent then.")
        @DefaultValue("15s")
        @NotNull
        Duration heartbeat,
    @Setting(
            "How long a stream lasts at most; its client comes again with its token, and goes on where it was.")
        @DefaultValue("10m")
        @NotNull
        Duration life,
    @Setting("Streams that one API process keeps open; another is answered 503.")
        @DefaultValue("500")
        @Min(1)
        int most,
    @Setting("Events that wait for one client at most; a slower one is disconnected.")
        @DefaultValue("2000")
        @Min(1)
        int waiting,
    @Setting("Events that are kept for clients that come back; who was away for more reads anew.")
        @DefaultValue("10000")
        @Min(0)
        int kept,
    @Setting("How long the database keeps what has changed.") @DefaultValue("10m") @NotNull
        Duration keep) {
  public EventSettings {
    if (!(positive(every) && positive(hostsEvery) && positive(heartbeat) && positive(life))) {
      throw new IllegalArgumentException(
          "tern.api.events.every, hosts-every, heartbeat and life are above 0");
    }
  }

  private static boolean positive(Duration length) {
    return length.isPositive();
  }
}
