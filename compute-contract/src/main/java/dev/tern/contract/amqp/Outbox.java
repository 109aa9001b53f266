package dev.tern.contract.amqp;

import java.time.Duration;
import java.util.List;

/** Messages that committed transactions owe the broker, as the relay sees them. */
public interface Outbox {
  /** Takes the oldest free messages; they come free again after {@code hold} unless sent. */
  List<Entry> take(int limit, Duration hold);

  /** The broker has these. */
  void sent(List<Long> numbers);

  /**
   * A message that is owed.
   *
   * @param type the record's simple name
   * @param body JSON
   */
  record Entry(long number, String exchange, String routingKey, String type, String body) {}
}
