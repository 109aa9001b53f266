package dev.tern.conductor.migration;

import dev.tern.contract.Failure;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.metrics.Metric;
import dev.tern.store.MigrationFigures.Foreseen;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.PauseParts;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Figures of ended migrations, for graphs. Labels come from short lists: no server, host or
 * migration is among them.
 */
public final class MigrationMeters {
  private static final double NANOS = 1e9;

  private final MeterRegistry metrics;

  public MigrationMeters(MeterRegistry metrics) {
    this.metrics = metrics;
    // There from the start, so that the first of its kind is a rise.
    for (MigrationStatus status : MigrationStatus.values()) {
      if (status.terminal()) {
        var _ = Metric.MIGRATION_DURATION.timer(metrics, status.wire(), "none");
      }
    }
    sent("disk", 0);
    sent("memory", 0);
    for (String of : List.of("time", "pause")) {
      var _ = Metric.FORECAST_ERROR.summary(metrics, of);
    }
  }

  /** Counts one migration, once it has ended. */
  void ended(MigrationRecord migration) {
    Optional<Duration> took =
        migration.endedAt().map(end -> Duration.between(migration.createdAt(), end));
    took.ifPresent(time ->
        Metric.MIGRATION_DURATION
            .timer(metrics, migration.status().wire(), cause(migration.failure()))
            .record(time));
    sent("disk", migration.diskProcessed());
    sent("memory", migration.memoryProcessed());
    Metric.MIGRATION_THROTTLED.timer(metrics).record(migration.figures().throttled());
    migration.figures().pause().ifPresent(this::paused);
    if (migration.status() == MigrationStatus.COMPLETED) {
      took.ifPresent(time -> completed(migration, time));
    }
  }

  private static String cause(Optional<Failure> failure) {
    return failure.map(why -> why.code().name().toLowerCase(java.util.Locale.ROOT)).orElse("none");
  }

  private void sent(String kind, long bytes) {
    Metric.MIGRATION_BYTES.counter(metrics, kind).increment((double) bytes);
  }

  private void paused(PauseParts parts) {
    paused("total", parts.total());
    paused("stop", parts.stop());
    paused("mirror-drain", parts.mirrorDrain());
    paused("device-state", parts.deviceState());
    paused("start", parts.start());
  }

  private void paused(String part, Optional<Duration> length) {
    length.ifPresent(known -> Metric.MIGRATION_PAUSE.timer(metrics, part).record(known));
  }

  private void completed(MigrationRecord migration, Duration took) {
    long bytes = migration.diskProcessed() + migration.memoryProcessed();
    if (took.isPositive()) {
      Metric.MIGRATION_RATE.summary(metrics).record(bytes / (took.toNanos() / NANOS));
    }
    Optional<Foreseen> planned = migration.figures().planned();
    Optional<Forecast.Span> left = planned.flatMap(made -> made.forecast().left());
    if (left.isEmpty()) {
      Metric.FORECASTS.counter(metrics, "none").increment();
      return;
    }
    Duration after = planned.map(Foreseen::after).orElse(Duration.ZERO);
    Duration actual = took.minus(after);
    Metric.FORECASTS.counter(metrics, met(left.get(), actual)).increment();
    error("time", left.get().expected(), actual);
    planned
        .flatMap(made -> made.forecast().pause())
        .ifPresent(
            expected -> migration.pause().ifPresent(pause -> error("pause", expected, pause)));
  }

  private static String met(Forecast.Span foreseen, Duration actual) {
    if (actual.compareTo(foreseen.low()) < 0) {
      return "faster";
    }
    return actual.compareTo(foreseen.high()) > 0 ? "slower" : "within";
  }

  /** Of what happened, so that twice too much and twice too little are not the same. */
  private void error(String of, Duration expected, Duration actual) {
    if (actual.isPositive()) {
      double off = Math.abs(expected.minus(actual).toNanos()) / (double) actual.toNanos();
      Metric.FORECAST_ERROR.summary(metrics, of).record(off);
    }
  }

  /** Counts a phase that was seen from its beginning to its end. */
  void phase(Phase phase, Duration took) {
    Metric.MIGRATION_PHASE
        .timer(metrics, phase.name().toLowerCase(java.util.Locale.ROOT))
        .record(took);
  }

  /** Counts an evacuation that ended. */
  public void evacuated(String outcome, Optional<Failure> failure) {
    Metric.EVACUATIONS_ENDED.counter(metrics, outcome, cause(failure)).increment();
  }
}
