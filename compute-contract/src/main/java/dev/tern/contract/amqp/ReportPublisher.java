package dev.tern.contract.amqp;

import dev.tern.contract.host.ControlLink;
import dev.tern.contract.host.HostReport;
import org.springframework.amqp.rabbit.core.RabbitTemplate;

/** A host's own report and heartbeat. Fire and forget. */
public final class ReportPublisher {
  private final FanOut<HostReport> out;
  private final ControlLink link;

  public ReportPublisher(RabbitTemplate template, AmqpSettings names) {
    this.out = new FanOut<>(template, names.reports(), HostReport.class);
    this.link = names.link();
  }

  /**
   * Sends it, with how this process is linked to the broker. Whether it left this process; it may
   * still be lost. Never throws for a broker that is away.
   */
  public boolean publish(HostReport message) {
    return out.publish(message.over(link));
  }
}
