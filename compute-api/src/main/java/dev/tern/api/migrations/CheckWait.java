package dev.tern.api.migrations;

import dev.tern.api.ApiSettings;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.MigrationId;
import dev.tern.contract.Pause;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.springframework.stereotype.Component;

/**
 * Waits for the checks of a live migration, on behalf of clients that expect their failure as the
 * answer.
 */
@Component
final class CheckWait {
  private static final Duration SHORTEST = Duration.ofMillis(25);
  private static final Duration LONGEST = Duration.ofMillis(250);

  private final MigrationStore migrations;
  private final Clock clock;
  private final Pause pause;
  private final Duration deadline;

  CheckWait(MigrationStore migrations, Clock clock, Pause pause, ApiSettings settings) {
    this.migrations = migrations;
    this.clock = clock;
    this.pause = pause;
    this.deadline = settings.migrationCheckDeadline();
  }

  /**
   * Returns when the checks have passed, and also when they take longer than the deadline: the
   * request is durable and goes on.
   *
   * @throws ComputeException the failed check's, once the server is free again
   */
  void untilChecked(MigrationId id) throws InterruptedException {
    Instant end = clock.instant().plus(deadline);
    Duration next = SHORTEST;
    while (true) {
      Optional<MigrationRecord> migration = migrations.find(id);
      if (migration.isEmpty() || migration.get().checked()) {
        return;
      }
      // A failure alone is not enough: what was begun is still being undone, and the server locked.
      if (migration.get().status().terminal()) {
        throw migration.get().failure().orElseGet(CheckWait::noCause).asException();
      }
      if (!clock.instant().isBefore(end)) {
        return;
      }
      pause.of(next);
      next = next.multipliedBy(2).compareTo(LONGEST) < 0 ? next.multipliedBy(2) : LONGEST;
    }
  }

  private static Failure noCause() {
    return new Failure(
        ErrorCode.MIGRATION_PRE_CHECK_ERROR,
        "The live migration ended before its checks were over.");
  }
}
