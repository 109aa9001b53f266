package dev.tern.contract.amqp;

import dev.tern.contract.metrics.Metric;
import dev.tern.contract.metrics.QueueWord;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.QueueInformation;

/**
 * How many messages wait in queues and who reads them, asked of the broker at each {@link #look},
 * not at each scrape. What the broker does not tell is no number, rather than the last one.
 */
public final class QueueDepths {
  private record Depth(double messages, double consumers) {
    static final Depth UNKNOWN = new Depth(Double.NaN, Double.NaN);
  }

  private final AmqpAdmin admin;
  private final Map<String, String> queues = new LinkedHashMap<>();
  private final Map<String, Depth> depths = new ConcurrentHashMap<>();

  /** Shows these queues, each under what it is for. */
  public QueueDepths(AmqpAdmin admin, List<String> queues, MeterRegistry metrics) {
    this.admin = admin;
    for (String queue : queues) {
      String word = QueueWord.of(queue);
      this.queues.put(word, queue);
      Metric.QUEUE_MESSAGES.gauge(metrics, this, all -> all.depth(word).messages(), word);
      Metric.QUEUE_CONSUMERS.gauge(metrics, this, all -> all.depth(word).consumers(), word);
    }
  }

  private Depth depth(String word) {
    return depths.getOrDefault(word, Depth.UNKNOWN);
  }

  /** Asks the broker. One that is away is no failure here. */
  public void look() {
    queues.forEach((word, queue) -> depths.put(word, ask(queue)));
  }

  private Depth ask(String queue) {
    try {
      @Nullable QueueInformation told = admin.getQueueInfo(queue);
      return told == null
          ? Depth.UNKNOWN
          : new Depth(told.getMessageCount(), told.getConsumerCount());
    } catch (AmqpException _) {
      return Depth.UNKNOWN;
    }
  }
}
