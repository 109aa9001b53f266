package dev.tern.contract.amqp;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tern.contract.conductor.ConductorMessage;
import dev.tern.contract.conductor.Outbox;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageDeliveryMode;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitTemplate;

/**
 * Where what must not be lost leaves: confirmed by the broker and routed to a queue, or not sent.
 * Also the publisher of the {@link OutboxRelay}; an entry's body is what {@link #body} says.
 */
public final class ConductorQueue implements OutboxRelay.Publisher {
  private static final Logger log = LoggerFactory.getLogger(ConductorQueue.class);

  private final RabbitTemplate template;
  private final AmqpSettings names;
  private final Duration deadline;

  /**
   * A publisher that connects at its first message.
   *
   * @param template with correlated confirms, returns and mandatory on
   * @param deadline for the broker to confirm
   */
  public ConductorQueue(RabbitTemplate template, AmqpSettings names, Duration deadline) {
    this.template = template;
    this.names = names;
    this.deadline = deadline;
  }

  /**
   * The outbox of the database, addressed. The database keeps messages bare: where conductors
   * listen, and in what envelope, is the broker's side to know. Taking from it throws {@link
   * IllegalStateException} when it holds what is no message to a conductor.
   */
  public Outbox addressed(Outbox bare) {
    return new Outbox() {
      @Override
      public List<Entry> take(int limit, Duration hold) {
        return bare.take(limit, hold).stream().map(ConductorQueue.this::addressed).toList();
      }

      @Override
      public void sent(List<Long> numbers) {
        bare.sent(numbers);
      }
    };
  }

  private Outbox.Entry addressed(Outbox.Entry owed) {
    try {
      ConductorMessage message = Wire.readBare(ConductorMessage.class, owed.body());
      return new Outbox.Entry(
          owed.number(),
          exchange(),
          routingKey(),
          message.getClass().getSimpleName(),
          body(message));
    } catch (MalformedMessageException e) {
      throw new IllegalStateException("the outbox holds what no conductor can read", e);
    }
  }

  /** The exchange of an entry: the default one, which knows queues by name. */
  public String exchange() {
    return "";
  }

  /** The routing key of an entry. */
  public String routingKey() {
    return names.conductorQueue();
  }

  /** The body of an entry. */
  public String body(ConductorMessage message) {
    return new String(Wire.write(ConductorMessage.class, message), UTF_8);
  }

  /** Puts a message straight into the conductors' queue. */
  public void publish(ConductorMessage message) throws Undelivered, InterruptedException {
    publish(exchange(), routingKey(), Wire.write(ConductorMessage.class, message));
  }

  /**
   * Returns when the broker has the message on disk and in a queue.
   *
   * @throws Undelivered when it is not known to; it may have it all the same
   * @throws org.springframework.amqp.AmqpException when the broker cannot be reached
   */
  public void publish(String exchange, String routingKey, byte[] body)
      throws Undelivered, InterruptedException {
    await(send(exchange, routingKey, body), deadline);
  }

  /**
   * {@inheritDoc}
   *
   * <p>All are sent before the first confirm is waited for: some 20 times the rate.
   *
   * @throws org.springframework.amqp.AmqpException when the broker cannot be reached
   */
  @Override
  public List<Long> publish(List<Outbox.Entry> entries, Duration deadline)
      throws InterruptedException {
    Map<Outbox.Entry, CorrelationData> sent = LinkedHashMap.newLinkedHashMap(entries.size());
    for (Outbox.Entry entry : entries) {
      sent.put(entry, send(entry.exchange(), entry.routingKey(), entry.body().getBytes(UTF_8)));
    }
    List<Long> confirmed = new ArrayList<>(entries.size());
    for (Map.Entry<Outbox.Entry, CorrelationData> one : sent.entrySet()) {
      try {
        await(one.getValue(), deadline);
        confirmed.add(one.getKey().number());
      } catch (Undelivered e) {
        log.atWarn()
            .addKeyValue("message", one.getKey().number())
            .setCause(e)
            .log("a message is not delivered and stays owed");
      }
    }
    return confirmed;
  }

  private CorrelationData send(String exchange, String routingKey, byte[] body) {
    CorrelationData confirm = new CorrelationData();
    Message message =
        MessageBuilder.withBody(body)
            .setContentType("application/json")
            .setDeliveryMode(MessageDeliveryMode.PERSISTENT)
            .build();
    template.send(exchange, routingKey, message, confirm);
    return confirm;
  }

  /** Returns when the broker has it in a queue. */
  static void await(CorrelationData sent, Duration deadline)
      throws Undelivered, InterruptedException {
    try {
      CorrelationData.Confirm confirm =
          sent.getFuture().get(deadline.toMillis(), TimeUnit.MILLISECONDS);
      if (!confirm.ack()) {
        throw new Undelivered("the broker refused a message: " + confirm.reason(), null);
      }
    } catch (TimeoutException e) {
      throw new Undelivered("the broker did not confirm within " + deadline, e);
    } catch (ExecutionException e) {
      throw new Undelivered("the broker did not confirm", e);
    }
    // RabbitMQ returns an unroutable message before it confirms it.
    var returned = sent.getReturned();
    if (returned != null) {
      throw new Undelivered("no queue for " + returned.getRoutingKey(), null);
    }
  }
}
