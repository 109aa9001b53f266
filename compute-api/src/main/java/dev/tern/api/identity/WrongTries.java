package dev.tern.api.identity;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Counts tries to log in, each as a wrong one until it turns out right, so that many at once are
 * counted too. Bounded; who was not seen for longest is forgotten first.
 */
final class WrongTries {
  private static final int MOST = 10_000;

  private final int allowed;
  private final Duration time;
  private final Map<String, Count> counts = new LinkedHashMap<>(16, 0.75f, true);

  private record Count(int tries, Instant since) {}

  WrongTries(int allowed, Duration time) {
    this.allowed = allowed;
    this.time = time;
  }

  /** Counts a try; how long to wait when it is one too many. */
  synchronized Optional<Duration> begin(String who, Instant now) {
    Count count = counts.getOrDefault(who, new Count(0, now));
    Instant end = count.since().plus(time);
    if (!now.isBefore(end)) {
      count = new Count(0, now);
    }
    if (count.tries() >= allowed) {
      return Optional.of(Duration.between(now, end));
    }
    counts.put(who, new Count(count.tries() + 1, count.since()));
    if (counts.size() > MOST) {
      counts.remove(counts.keySet().iterator().next());
    }
    return Optional.empty();
  }

  /** The password was right. */
  synchronized void forget(String who) {
    counts.remove(who);
  }
}
