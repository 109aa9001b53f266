package dev.tern.conductor.notifications;

import dev.tern.contract.Setting;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** To whom notifications go. */
@Validated
@ConfigurationProperties(prefix = "tern.notifications", ignoreUnknownFields = false)
public record NotificationSettings(
    @Setting(
            "Whether what happens to servers is told in Nova's versioned notifications. Without a"
                + " queue that is bound to the exchange the broker drops them.")
        @DefaultValue("true")
        boolean enabled,
    @Setting("The topic exchange they are published to; Nova's own is nova.")
        @DefaultValue("nova")
        @NotBlank
        String exchange,
    @Setting(
            "Whether the exchange outlives a restart of the broker. One that exists already must be"
                + " as it says; consumers with oslo.messaging declare it so with"
                + " amqp_durable_queues.")
        @DefaultValue("true")
        boolean durable,
    @Setting("The first part of the routing key; the second is the priority: info or error.")
        @DefaultValue("versioned_notifications")
        @NotBlank
        String topic,
    @Setting("How often to look for something to tell when there was nothing.")
        @DefaultValue("500ms")
        Duration every,
    @Setting("How many are sent at once.") @DefaultValue("100") @Min(1) int batch,
    @Setting("What could not be told for this long, for want of a broker, is forgotten.")
        @DefaultValue("24h")
        Duration keep) {

  public NotificationSettings {
    if (keep.compareTo(Duration.ofMinutes(1)) < 0) {
      throw new IllegalArgumentException("tern.notifications.keep is 1m at least");
    }
    if (every.compareTo(Duration.ofMillis(10)) < 0) {
      throw new IllegalArgumentException("tern.notifications.every is 10ms at least");
    }
  }
}
