package dev.tern.conductor.amqp;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tern.conductor.notifications.NotificationSettings;
import dev.tern.conductor.notifications.Notifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageDeliveryMode;
import org.springframework.amqp.core.TopicExchange;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitTemplate;

/**
 * Publishes notifications to their topic exchange. Not mandatory: where no queue is bound nobody
 * listens, and the broker drops them.
 */
final class Announcing implements Notifier.Publisher {
  private static final Duration CONFIRM_DEADLINE = Duration.ofSeconds(10);

  private final AmqpAdmin admin;
  private final RabbitTemplate template;
  private final NotificationSettings settings;

  Announcing(AmqpAdmin admin, ConnectionFactory connections, NotificationSettings settings) {
    this.admin = admin;
    this.template = new RabbitTemplate(connections);
    this.template.setUsePublisherConnection(true);
    this.settings = settings;
  }

  /**
   * {@inheritDoc}
   *
   * <p>The exchange is declared each time: one that is not durable is gone with the broker's
   * restart.
   *
   * @throws AmqpException when the broker cannot be reached, or has another exchange of that name
   */
  @Override
  public boolean publish(List<Notifier.Message> messages) throws InterruptedException {
    if (messages.isEmpty()) {
      return true;
    }
    admin.declareExchange(new TopicExchange(settings.exchange(), settings.durable(), false));
    List<CorrelationData> sent = new ArrayList<>(messages.size());
    // On one channel: the broker keeps no order between two, and a channel that waits for a
    // confirm is not used for the next message.
    Boolean _ =
        template.invoke(_ -> {
          messages.forEach(message -> sent.add(send(message)));
          return true;
        });
    for (CorrelationData confirm : sent) {
      if (!taken(confirm)) {
        return false;
      }
    }
    return true;
  }

  private CorrelationData send(Notifier.Message message) {
    CorrelationData confirm = new CorrelationData();
    template.send(
        settings.exchange(),
        settings.topic() + "." + message.priority(),
        MessageBuilder.withBody(message.body().getBytes(UTF_8))
            .setContentType("application/json")
            .setContentEncoding("utf-8")
            .setMessageId(message.id())
            .setDeliveryMode(MessageDeliveryMode.PERSISTENT)
            .build(),
        confirm);
    return confirm;
  }

  private static boolean taken(CorrelationData confirm) throws InterruptedException {
    try {
      return confirm.getFuture().get(CONFIRM_DEADLINE.toMillis(), TimeUnit.MILLISECONDS).ack();
    } catch (ExecutionException e) {
      throw new AmqpException("a notification was not published", e);
    } catch (TimeoutException _) {
      return false;
    }
  }
}
