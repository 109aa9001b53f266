package dev.tern.api.deadletters;

import dev.tern.contract.metrics.Metric;
import dev.tern.store.DeadLetterStore;
import dev.tern.store.DeadLetterStore.Bounds;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Discards the oldest dead letters when they are too many or too old: who floods the broker with
 * what nobody can read does not fill the database. Any number of these may run.
 */
public final class OldLetters {
  /** Letters that may come between two looks. */
  static final int BETWEEN = 16;

  private static final Logger log = LoggerFactory.getLogger(OldLetters.class);

  private final DeadLetterStore store;
  private final Bounds bounds;
  private final Counter discarded;
  private final AtomicInteger since = new AtomicInteger();

  public OldLetters(DeadLetterStore store, DeadLetterSettings settings, MeterRegistry metrics) {
    this.store = store;
    this.bounds = settings.bounds();
    this.discarded = Metric.DEAD_LETTERS_DISCARDED.counter(metrics);
  }

  /** Another one was kept. */
  void kept() {
    if (since.incrementAndGet() >= BETWEEN) {
      discard();
    }
  }

  /** Looks now. A database that is away only delays. */
  public void discard() {
    since.set(0);
    try {
      int gone = store.discard(bounds);
      if (gone > 0) {
        discarded.increment(gone);
        log.atWarn()
            .addKeyValue("letters", gone)
            .log("the oldest dead letters are discarded: they were too many or too old");
      }
    } catch (RuntimeException e) {
      log.atWarn().setCause(e).log("old dead letters are not discarded now, and later again");
    }
  }
}
