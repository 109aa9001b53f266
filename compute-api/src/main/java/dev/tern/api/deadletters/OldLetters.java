package dev.tern.api.deadletters;

import dev.tern.contract.Pause;
import dev.tern.store.DeadLetterStore;
import dev.tern.store.DeadLetterStore.Bounds;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Discards the oldest dead letters when they are too many or too old: who floods the broker with
 * what nobody can read does not fill the database. Any number of these may run.
 */
public final class OldLetters implements SmartLifecycle {
  /** Letters that may come between two looks. */
  static final int BETWEEN = 16;

  private static final Duration LONGEST_STOP = Duration.ofSeconds(15);
  private static final Logger log = LoggerFactory.getLogger(OldLetters.class);

  private final DeadLetterStore store;
  private final Pause pause;
  private final Bounds bounds;
  private final Duration every;
  private final Counter discarded;
  private final AtomicInteger since = new AtomicInteger();
  private @Nullable Thread thread;

  public OldLetters(
      DeadLetterStore store, Pause pause, DeadLetterSettings settings, MeterRegistry metrics) {
    this.store = store;
    this.pause = pause;
    this.bounds = settings.bounds();
    this.every = settings.purgeEvery();
    this.discarded =
        Counter.builder("tern.dead.letters.discarded")
            .description("Dead letters that went because they were too many or too old.")
            .register(metrics);
  }

  /** Another one was kept. */
  void kept() {
    if (since.incrementAndGet() >= BETWEEN) {
      discard();
    }
  }

  /** Looks now. A database that is away only delays. */
  void discard() {
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

  private void run() {
    try {
      while (true) {
        discard();
        pause.of(every);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public synchronized void start() {
    thread = Thread.ofVirtual().name("old-letters").start(this::run);
  }

  @Override
  public synchronized void stop() {
    Thread running = thread;
    thread = null;
    if (running != null) {
      running.interrupt();
      try {
        running.join(LONGEST_STOP);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public synchronized boolean isRunning() {
    return thread != null;
  }
}
