package dev.tern.store;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What there is to tell others of: the database writes it down in the transaction that changes a
 * server, an action's event or a migration's status. One reader at a time takes the oldest, so that
 * what is told of a server comes in the order in which it happened; what the reader did not tell
 * comes free again. So everything is told at least once.
 */
public interface NotificationStore {
  /** What changed. */
  enum Cause {
    SERVER,
    EVENT,
    MIGRATION
  }

  /** The oldest, in order, for {@code hold}; none while another reader has some. */
  List<Noted> take(int limit, Duration hold);

  /** These have been told, or are of no interest. */
  void told(List<Long> numbers);

  /** Forgets what is older, told or not; answers how many that were. */
  int forget(Duration age);

  /** How many wait, for the metric. */
  long waiting();

  /**
   * A change.
   *
   * @param was the row before, as JSON; empty for a new one
   * @param becomes the row after, as JSON
   * @param server the server's row then, as JSON, without what must not be told
   * @param action the row of the server's latest action then, as JSON
   */
  record Noted(
      long number,
      Cause cause,
      Instant at,
      Optional<String> was,
      String becomes,
      String server,
      Optional<String> action) {}
}
