package dev.tern.api.idempotency;

import dev.tern.store.IdempotencyStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes keys whose time is over. Any number of these may run. */
public final class ExpiredKeys {
  private static final int BATCH = 1000;
  private static final Logger log = LoggerFactory.getLogger(ExpiredKeys.class);

  private final IdempotencyStore store;

  public ExpiredKeys(IdempotencyStore store) {
    this.store = store;
  }

  /** Removes all there are now, a batch at a time. A database that is away only delays. */
  public void removeAll() {
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
}
