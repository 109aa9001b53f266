package dev.tern.contract.amqp;

import dev.tern.contract.host.ControlLink;
import java.util.Locale;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * How this process reaches the broker, in its {@code /actuator/health}. Always up: whether the
 * broker answers is another line there, and a link without TLS was somebody's choice.
 */
final class ControlLinkHealth implements HealthIndicator {
  private final ControlLink link;

  ControlLinkHealth(ControlLink link) {
    this.link = link;
  }

  @Override
  public Health health() {
    return Health.up()
        .withDetail("protection", link.protection().name().toLowerCase(Locale.ROOT))
        .withDetail("broker", link.broker())
        .build();
  }
}
