package dev.tern.conductor.migration;

import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.PauseParts;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Optional;

/**
 * Figures of ended migrations, for graphs. Tags come from short lists: no server, host or migration
 * is among them.
 */
public final class MigrationMeters {
  private final MeterRegistry metrics;

  public MigrationMeters(MeterRegistry metrics) {
    this.metrics = metrics;
  }

  /** Counts one migration, once it has ended. */
  void ended(MigrationRecord migration) {
    migration
        .endedAt()
        .ifPresent(end ->
            metrics
                .timer("tern.migration.total", "status", migration.status().wire())
                .record(Duration.between(migration.createdAt(), end)));
    sent("disk", migration.diskProcessed());
    sent("memory", migration.memoryProcessed());
    metrics.timer("tern.migration.throttled").record(migration.figures().throttled());
    migration.figures().pause().ifPresent(this::paused);
  }

  private void sent(String kind, long bytes) {
    metrics.counter("tern.migration.bytes", "kind", kind).increment((double) bytes);
  }

  private void paused(PauseParts parts) {
    paused("total", parts.total());
    paused("stop", parts.stop());
    paused("mirror-drain", parts.mirrorDrain());
    paused("device-state", parts.deviceState());
    paused("start", parts.start());
  }

  private void paused(String part, Optional<Duration> length) {
    length.ifPresent(known -> metrics.timer("tern.migration.pause", "part", part).record(known));
  }
}
