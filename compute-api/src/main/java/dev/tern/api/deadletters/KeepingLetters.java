package dev.tern.api.deadletters;

import dev.tern.contract.Pause;
import dev.tern.contract.dead.DeadLetter;
import dev.tern.contract.metrics.Metric;
import dev.tern.contract.metrics.QueueWord;
import dev.tern.store.DeadLetterStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the letters that are found at the broker, and counts them. */
public final class KeepingLetters {
  private static final Duration REST = Duration.ofSeconds(1);
  private static final Logger log = LoggerFactory.getLogger(KeepingLetters.class);

  private final DeadLetterStore store;
  private final Pause pause;
  private final MeterRegistry metrics;
  private final Resending resending;
  private final OldLetters old;
  private volatile boolean stopped;

  public KeepingLetters(
      DeadLetterStore store,
      Resending resending,
      OldLetters old,
      Pause pause,
      MeterRegistry metrics) {
    this.store = store;
    this.resending = resending;
    this.old = old;
    this.pause = pause;
    this.metrics = metrics;
    Metric.DEAD_LETTERS.gauge(metrics, store, DeadLetterStore::count);
  }

  /**
   * Returns when the letter is in the database. A database that is away is waited for here: a
   * letter that is given back to the broker too often is dropped by it.
   *
   * @throws IllegalStateException when this process stops first; the broker has the letter then
   */
  public void keep(DeadLetter letter) {
    boolean failing = false;
    while (!stopped) {
      try {
        if (store.keep(letter)) {
          count(letter);
          log.atWarn()
              .addKeyValue("queue", letter.queue())
              .addKeyValue("type", letter.type().orElse("unknown"))
              .addKeyValue("reason", letter.reason())
              .log("a message nobody could handle is kept");
          old.kept();
        }
        return;
      } catch (RuntimeException e) {
        if (!failing) {
          log.atWarn().setCause(e).log("a dead letter waits at the broker for the database");
          failing = true;
        }
        rest();
      }
    }
    throw new IllegalStateException("stopped before a dead letter was kept");
  }

  /** No stranger's text becomes a label, and no host's name. */
  private void count(DeadLetter letter) {
    String queue = resending.reachable(letter) ? QueueWord.of(letter.queue()) : "other";
    Metric.DEAD_MESSAGES.counter(metrics, queue, letter.reason()).increment();
  }

  private void rest() {
    try {
      pause.of(REST);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("stopped before a dead letter was kept", e);
    }
  }

  /** Ends the waiting for a database. */
  public void stop() {
    stopped = true;
  }
}
