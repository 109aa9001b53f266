package dev.tern.store;

import java.time.Duration;
import java.util.List;

/**
 * Messages that a committed transaction owes the broker. A relay takes some for a while, sends
 * them, and removes what the broker confirmed; what it could not send comes free again when the
 * while is over. So each is sent at least once.
 */
public interface OutboxStore {
  /** Takes the oldest free messages for {@code hold} (database clock). */
  List<OutboxMessage> take(int limit, Duration hold);

  /** The broker has them. */
  void sent(List<Long> numbers);

  /** How many wait, for the metric. */
  long waiting();

  record OutboxMessage(long number, String exchange, String routingKey, String type, String body) {}
}
