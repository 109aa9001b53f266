package dev.tern.contract.amqp;

import dev.tern.contract.metrics.Metric;
import dev.tern.contract.metrics.QueueWord;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageDeliveryMode;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitTemplate;

/** Keeps messages nobody can read where people can look at them. */
final class DeadLetters {
  static final String QUEUE = "x-tern-queue";
  static final String ROUTING_KEY = "x-tern-routing-key";
  static final String REASON = "x-tern-reason";
  static final String PARKED_AT = "x-tern-parked-at";
  static final String ID = "x-tern-parked-id";

  private static final int MAX_REASON = 500;
  private static final Duration CONFIRM_DEADLINE = Duration.ofSeconds(10);
  private static final Logger log = LoggerFactory.getLogger(DeadLetters.class);

  private final RabbitTemplate template;
  private final AmqpSettings names;
  private final @Nullable MeterRegistry metrics;
  private final Clock clock = Clock.systemUTC();

  DeadLetters(RabbitTemplate template, AmqpSettings names, @Nullable MeterRegistry metrics) {
    this.template = template;
    this.names = names;
    this.metrics = metrics;
  }

  /**
   * Copies the message into the dead queue, with where it came from and why in its headers, and
   * waits until the broker has it.
   *
   * @throws AmqpException when the broker does not have it for certain; the message then stays
   *     where it was
   */
  void park(Message message, String queue, MalformedMessageException why) {
    String reason = why.reason() + ": " + why.getMessage();
    CorrelationData confirm = new CorrelationData();
    @Nullable String key = message.getMessageProperties().getReceivedRoutingKey();
    template.send(
        "",
        names.deadQueue(),
        MessageBuilder.withBody(message.getBody())
            .setContentType(message.getMessageProperties().getContentType())
            .setDeliveryMode(MessageDeliveryMode.PERSISTENT)
            .setHeader(QUEUE, queue)
            .setHeader(ROUTING_KEY, key == null ? queue : key)
            .setHeader(REASON, reason.substring(0, Math.min(MAX_REASON, reason.length())))
            .setHeader(PARKED_AT, clock.millis())
            .setHeader(ID, UUID.randomUUID().toString())
            .build(),
        confirm);
    await(confirm);
    if (metrics != null) {
      // Not the queue's name: each host has queues of its own.
      Metric.MALFORMED_MESSAGES
          .counter(metrics, QueueWord.of(queue), why.reason().name())
          .increment();
    }
    log.atWarn()
        .addKeyValue("queue", queue)
        .addKeyValue("reason", why.reason())
        .setCause(why)
        .log("a message could not be read and is parked");
  }

  private static void await(CorrelationData sent) {
    try {
      if (!sent.getFuture().get(CONFIRM_DEADLINE.toMillis(), TimeUnit.MILLISECONDS).ack()) {
        throw new AmqpException("the broker refused a dead letter");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AmqpException("stopped before the broker confirmed a dead letter", e);
    } catch (TimeoutException | ExecutionException e) {
      throw new AmqpException("the broker did not confirm a dead letter", e);
    }
    if (sent.getReturned() != null) {
      throw new AmqpException("there is no queue for dead letters");
    }
  }
}
