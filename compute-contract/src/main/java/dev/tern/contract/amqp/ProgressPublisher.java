package dev.tern.contract.amqp;

import dev.tern.contract.host.MigrationProgress;
import org.springframework.amqp.rabbit.core.RabbitTemplate;

/** Bytes of running migrations. Fire and forget. */
public final class ProgressPublisher {
  private final FanOut<MigrationProgress> out;

  public ProgressPublisher(RabbitTemplate template, AmqpSettings names) {
    this.out = new FanOut<>(template, names.progress(), MigrationProgress.class);
  }

  /** Whether it left this process; it may still be lost. Never throws for a broker that is away. */
  public boolean publish(MigrationProgress message) {
    return out.publish(message);
  }
}
