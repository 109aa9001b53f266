package dev.tern.contract.amqp;

import dev.tern.contract.HostName;
import java.util.ArrayList;
import java.util.List;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.Declarable;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.FanoutExchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;

/**
 * What stands at the broker. Every process declares all it uses, at each connection; declaring
 * twice is harmless, and nothing here is refused by RabbitMQ 3.10 to 4.x: no transient shared
 * queues, no mirrored ones.
 */
public final class Topology {
  /** A message that failed this often is put with the dead. */
  static final int DELIVERY_LIMIT = 10;

  /** Reports and progress nobody took: the oldest go first, the next one says it again. */
  private static final int MAX_REPORTS = 50_000;

  private static final int MAX_DEAD = 10_000;

  private final AmqpSettings names;

  Topology(AmqpSettings names) {
    this.names = names;
  }

  /** What all processes share. */
  public Declarables shared() {
    List<Declarable> all = new ArrayList<>();
    all.add(
        QueueBuilder.durable(names.conductorQueue())
            .quorum()
            .deliveryLimit(DELIVERY_LIMIT)
            .deadLetterExchange("")
            .deadLetterRoutingKey(names.deadQueue())
            .build());
    all.add(QueueBuilder.durable(names.schedulerQueue()).build());
    all.add(QueueBuilder.durable(names.deadQueue()).quorum().maxLength(MAX_DEAD).build());
    all.addAll(fanOut(names.reports()));
    all.addAll(fanOut(names.progress()));
    return new Declarables(all);
  }

  /** The queue of one agent, declared by that agent alone. */
  public Queue agent(HostName host) {
    return QueueBuilder.durable(names.agentQueue(host)).build();
  }

  /** The queue for questions about one host itself, declared by its agent alone. */
  public Queue host(HostName host) {
    return QueueBuilder.durable(names.hostQueue(host)).build();
  }

  private static List<Declarable> fanOut(String name) {
    FanoutExchange exchange = new FanoutExchange(name, true, false);
    Queue queue =
        QueueBuilder.durable(name)
            .maxLength(MAX_REPORTS)
            .overflow(QueueBuilder.Overflow.dropHead)
            .build();
    return List.of(exchange, queue, BindingBuilder.bind(queue).to(exchange));
  }
}
