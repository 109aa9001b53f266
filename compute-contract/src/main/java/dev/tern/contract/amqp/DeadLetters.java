package dev.tern.contract.amqp;

import io.micrometer.core.instrument.MeterRegistry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.rabbit.core.RabbitTemplate;

/** Keeps messages nobody can read where people can look at them. */
final class DeadLetters {
  private static final int MAX_REASON = 500;
  private static final Logger log = LoggerFactory.getLogger(DeadLetters.class);

  private final RabbitTemplate template;
  private final AmqpSettings names;
  private final @Nullable MeterRegistry metrics;

  DeadLetters(RabbitTemplate template, AmqpSettings names, @Nullable MeterRegistry metrics) {
    this.template = template;
    this.names = names;
    this.metrics = metrics;
  }

  /**
   * Copies the message into the dead queue, with where it came from and why in its headers.
   *
   * @throws org.springframework.amqp.AmqpException when the broker cannot be reached; the message
   *     then stays where it was
   */
  void park(Message message, String queue, MalformedMessageException why) {
    String reason = why.reason() + ": " + why.getMessage();
    template.send(
        "",
        names.deadQueue(),
        MessageBuilder.withBody(message.getBody())
            .setContentType(message.getMessageProperties().getContentType())
            .setHeader("x-tern-queue", queue)
            .setHeader("x-tern-reason", reason.substring(0, Math.min(MAX_REASON, reason.length())))
            .build());
    if (metrics != null) {
      metrics
          .counter("tern.messages.malformed", "queue", queue, "reason", why.reason().name())
          .increment();
    }
    log.atWarn()
        .addKeyValue("queue", queue)
        .addKeyValue("reason", why.reason())
        .setCause(why)
        .log("a message could not be read and is parked");
  }
}
