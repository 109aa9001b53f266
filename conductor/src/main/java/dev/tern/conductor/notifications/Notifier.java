package dev.tern.conductor.notifications;

import dev.tern.contract.metrics.Metric;
import dev.tern.store.NotificationStore;
import dev.tern.store.NotificationStore.Noted;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells what the database has noted, oldest first. Of the conductors one at a time does; what the
 * broker has not confirmed is told again, by whoever comes next, with the same ids.
 */
public final class Notifier {
  private static final Logger log = LoggerFactory.getLogger(Notifier.class);
  private static final Duration HOLD = Duration.ofSeconds(30);

  /** Publishes and waits for the broker's word. */
  @FunctionalInterface
  public interface Publisher {
    /**
     * Publishes these in order.
     *
     * @param bodies by routing key's last part and id
     * @return whether the broker has them all
     */
    boolean publish(List<Message> bodies) throws InterruptedException;
  }

  /**
   * A message.
   *
   * @param priority {@code info} or {@code error}
   * @param body JSON
   */
  public record Message(String id, String priority, String body) {}

  private final NotificationStore store;
  private final Publisher publisher;
  private final NotificationSettings settings;
  private final MeterRegistry metrics;

  public Notifier(
      NotificationStore store,
      Publisher publisher,
      NotificationSettings settings,
      MeterRegistry metrics) {
    this.store = store;
    this.publisher = publisher;
    this.settings = settings;
    this.metrics = metrics;
    // There from the start, so that the first is a rise.
    Metric.NOTIFICATIONS_FORGOTTEN.counter(metrics).increment(0);
    Metric.NOTIFICATIONS_UNREADABLE.counter(metrics).increment(0);
  }

  /** Tells until there is nothing left to tell, or the broker does not take it. */
  public void round() throws InterruptedException {
    int forgotten = store.forget(settings.keep());
    if (forgotten > 0) {
      Metric.NOTIFICATIONS_FORGOTTEN.counter(metrics).increment(forgotten);
      log.atWarn()
          .addKeyValue("count", forgotten)
          .log("notifications that could not be told for too long are forgotten");
    }
    List<Noted> some = store.take(settings.batch(), HOLD);
    while (!some.isEmpty()) {
      if (settings.enabled() && !publisher.publish(messages(some))) {
        return; // They come free again when the hold is over.
      }
      store.told(some.stream().map(Noted::number).toList());
      some = store.take(settings.batch(), HOLD);
    }
  }

  private List<Message> messages(List<Noted> some) {
    List<Message> all = new ArrayList<>();
    for (Noted noted : some) {
      try {
        Change change = Change.of(noted);
        List<Occasion> occasions = Occasions.of(change);
        for (int i = 0; i < occasions.size(); i++) {
          Envelope envelope = Envelope.of(change, occasions.get(i), i);
          all.add(new Message(envelope.id(), envelope.priority(), envelope.body()));
        }
      } catch (RuntimeException e) {
        // A row that was edited by hand, say: the others are told.
        Metric.NOTIFICATIONS_UNREADABLE.counter(metrics).increment();
        log.atError()
            .addKeyValue("number", noted.number())
            .setCause(e)
            .log("what a notification should tell cannot be read; it is left out");
      }
    }
    return all;
  }
}
