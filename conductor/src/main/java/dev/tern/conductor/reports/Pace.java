package dev.tern.conductor.reports;

import dev.tern.conductor.saga.Ticker;
import dev.tern.contract.MigrationId;
import dev.tern.contract.host.MigrationProgress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Thins out what is told of one migration to what a database should be asked to write: twice a
 * second. Agents tell no more than that by themselves; who does is not trusted to. What is passed
 * over is told again, newer, by the next; the last figures stand in the answer to the hand-over.
 */
final class Pace {
  private static final Duration INTERVAL = Duration.ofMillis(500);

  /** Two that were sent half a second apart may be heard a little closer together. */
  private static final Duration JITTER = Duration.ofMillis(150);

  private static final int REMEMBERED = 10_000;

  private final Ticker ticker;

  /** Guarded by this object's lock. */
  private final Map<MigrationId, Duration> taken = new LinkedHashMap<>();

  Pace(Ticker ticker) {
    this.ticker = ticker;
  }

  /** Whether this one is to be written. */
  synchronized boolean lets(MigrationProgress progress) {
    Duration now = ticker.now();
    Duration last = taken.get(progress.migration());
    if (last != null && now.minus(last).compareTo(INTERVAL.minus(JITTER)) < 0) {
      return false;
    }
    taken.remove(progress.migration());
    taken.put(progress.migration(), now);
    if (taken.size() > REMEMBERED) {
      taken.remove(taken.keySet().iterator().next());
    }
    return true;
  }
}
