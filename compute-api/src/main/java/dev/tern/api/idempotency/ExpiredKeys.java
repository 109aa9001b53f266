package dev.tern.api.idempotency;

import dev.tern.contract.Pause;
import dev.tern.store.IdempotencyStore;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/** Removes keys whose time is over. Any number of these may run. */
public final class ExpiredKeys implements SmartLifecycle {
  private static final int BATCH = 1000;
  private static final Duration LONGEST_STOP = Duration.ofSeconds(15);
  private static final Logger log = LoggerFactory.getLogger(ExpiredKeys.class);

  private final IdempotencyStore store;
  private final Pause pause;
  private final Duration every;
  private @Nullable Thread thread;

  public ExpiredKeys(IdempotencyStore store, Pause pause, Duration every) {
    this.store = store;
    this.pause = pause;
    this.every = every;
  }

  /** Removes all there are now, a batch at a time. A database that is away only delays. */
  void removeAll() {
    try {
      int removed = 0;
      int batch;
      do {
        batch = store.purge(BATCH);
        removed += batch;
      } while (batch == BATCH);
      if (removed > 0) {
        log.atInfo().addKeyValue("keys", removed).log("idempotency keys are forgotten");
      }
    } catch (RuntimeException e) {
      log.atWarn().setCause(e).log("idempotency keys are not removed now, and later again");
    }
  }

  private void run() {
    try {
      while (true) {
        removeAll();
        pause.of(every);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public synchronized void start() {
    thread = Thread.ofVirtual().name("expired-keys").start(this::run);
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
