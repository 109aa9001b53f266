package dev.tern.conductor.cold;

import dev.tern.contract.ComputeException;
import dev.tern.contract.RequestId;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ServerStore.Requested;
import java.time.Duration;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Confirms what nobody has confirmed or reverted for long enough, in the name of who asked for it.
 */
public final class Confirming {
  private static final Logger log = LoggerFactory.getLogger(Confirming.class);
  private static final int AT_ONCE = 50;

  private final ColdMigrationStore migrations;
  private final Duration window;
  private final Supplier<UUID> ids;

  /**
   * A look-out.
   *
   * @param window 0 is for ever
   */
  public Confirming(ColdMigrationStore migrations, Duration window, Supplier<UUID> ids) {
    this.migrations = migrations;
    this.window = window;
    this.ids = ids;
  }

  /** One look. What somebody speaks of meanwhile is theirs. */
  public void look() {
    if (window.isZero()) {
      return;
    }
    for (ColdMigrationRecord migration : migrations.waiting(window, AT_ONCE)) {
      try {
        ColdMigrationRecord _ =
            migrations.requestConfirm(
                migration.server(),
                new Requested(RequestId.of(ids.get()), migration.user(), migration.project()));
        log.atInfo()
            .addKeyValue("server", migration.server())
            .log("nobody has spoken of a migration for long enough: it is confirmed");
      } catch (ComputeException e) {
        log.atInfo()
            .addKeyValue("server", migration.server())
            .addKeyValue("reason", e.explanation())
            .log("a migration is not confirmed by itself");
      }
    }
  }
}
