package dev.tern.contract.conductor;

import java.time.Duration;
import java.util.List;

/**
 * Messages that committed transactions owe the broker. A relay takes some for a while, sends them,
 * and removes what the broker confirmed; what it could not send comes free again when the while is
 * over. So each is sent at least once.
 */
public interface Outbox {
  /** Takes the oldest free messages, in order, for {@code hold}. */
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
