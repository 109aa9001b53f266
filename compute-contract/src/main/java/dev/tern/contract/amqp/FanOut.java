package dev.tern.contract.amqp;

import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageDeliveryMode;
import org.springframework.amqp.rabbit.core.RabbitTemplate;

/** Tells a fan-out exchange, without confirms: what is lost is said again soon. */
final class FanOut<T> {
  private static final Logger log = LoggerFactory.getLogger(FanOut.class);

  private final RabbitTemplate template;
  private final String exchange;
  private final Class<T> kind;
  private final AtomicBoolean reachable = new AtomicBoolean(true);

  FanOut(RabbitTemplate template, String exchange, Class<T> kind) {
    this.template = template;
    this.exchange = exchange;
    this.kind = kind;
  }

  /** Whether it left this process. One warning when it begins to fail, not one a message. */
  boolean publish(T message) {
    try {
      template.send(
          exchange,
          "",
          MessageBuilder.withBody(Wire.write(kind, message))
              .setContentType("application/json")
              .setDeliveryMode(MessageDeliveryMode.NON_PERSISTENT)
              .build());
      if (reachable.compareAndSet(false, true)) {
        log.atInfo().addKeyValue("exchange", exchange).log("messages leave again");
      }
      return true;
    } catch (AmqpException e) {
      if (reachable.compareAndSet(true, false)) {
        log.atWarn().addKeyValue("exchange", exchange).setCause(e).log("messages are lost for now");
      }
      return false;
    }
  }
}
