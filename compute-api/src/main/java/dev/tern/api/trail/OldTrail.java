package dev.tern.api.trail;

import dev.tern.store.AuditTrailStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Forgets what is too old, or too much, of the audit trail. Any number of these may run. */
public final class OldTrail {
  private static final int BATCH = 1_000;
  private static final Logger log = LoggerFactory.getLogger(OldTrail.class);

  private final AuditTrailStore store;
  private final TrailSettings settings;

  public OldTrail(AuditTrailStore store, TrailSettings settings) {
    this.store = store;
    this.settings = settings;
  }

  /** Forgets all there is to forget now, a batch at a time. */
  public void forget() {
    int gone = 0;
    int batch;
    do {
      batch = store.forget(settings.keep(), settings.most(), BATCH);
      gone += batch;
    } while (batch == BATCH);
    if (gone > 0) {
      log.atInfo().addKeyValue("requests", gone).log("old requests leave the audit trail");
    }
  }
}
