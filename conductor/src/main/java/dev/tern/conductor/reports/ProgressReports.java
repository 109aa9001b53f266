package dev.tern.conductor.reports;

import dev.tern.conductor.saga.Ticker;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.metrics.Metric;
import dev.tern.store.MigrationStore;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes in how far migrations are. Each report may be lost or come twice; the next says it again.
 */
public final class ProgressReports {
  private static final Logger log = LoggerFactory.getLogger(ProgressReports.class);

  private final MigrationStore migrations;
  private final Pace pace;
  private final Counter unknown;

  public ProgressReports(MigrationStore migrations, Ticker ticker, MeterRegistry metrics) {
    this.migrations = migrations;
    this.pace = new Pace(ticker);
    this.unknown = Metric.UNKNOWN_MIGRATION.counter(metrics);
  }

  /** Writes it down, unless it comes too soon after the last one, or nobody knows the migration. */
  public void take(MigrationProgress progress) {
    if (pace.lets(progress) && !migrations.progress(progress)) {
      unknown.increment();
      log.atWarn()
          .addKeyValue("migration", progress.migration())
          .log("a report of a migration that nobody knows is dropped");
    }
  }
}
