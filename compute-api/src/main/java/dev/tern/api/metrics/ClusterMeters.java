package dev.tern.api.metrics;

import dev.tern.contract.metrics.Metric;
import dev.tern.store.ClusterFiguresStore;
import dev.tern.store.ClusterFiguresStore.ClusterFigures;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Shows what is counted in the database, read at each {@link #look} and not at each scrape. Figures
 * that are old, because the database is away, are no numbers: a graph has a gap then, and no rule
 * takes what was for what is.
 */
public final class ClusterMeters {
  /** Some looks may fail. */
  private static final Duration OLD = Duration.ofMinutes(1);

  private static final List<String> MIGRATIONS =
      List.of("accepted", "queued", "preparing", "running");
  private static final List<String> SAGAS = List.of("running", "waiting");
  private static final List<String> SERVERS =
      List.of("building", "active", "paused", "suspended", "stopped", "error");
  private static final List<String> HOSTS = List.of("up", "down", "forced_down");
  private static final List<String> DRAINS = List.of("planning", "draining", "returning", "late");
  private static final List<String> DRAIN_SERVERS =
      List.of("waiting", "moving", "moved", "left", "asking", "stopping", "stopped", "gone");
  private static final List<String> EVACUATIONS = List.of("running", "owing");
  private static final double MILLIS = 1e3;

  private record Read(ClusterFigures figures, Instant at) {}

  private final ClusterFiguresStore store;
  private final Duration downAfter;
  private final InstantSource clock;
  private volatile Optional<Read> last = Optional.empty();

  public ClusterMeters(
      ClusterFiguresStore store, Duration downAfter, InstantSource clock, MeterRegistry metrics) {
    this.store = store;
    this.downAfter = downAfter;
    this.clock = clock;
    many(metrics, Metric.MIGRATIONS, MIGRATIONS, ClusterFigures::migrations);
    one(metrics, Metric.MIGRATIONS_IN_DOUBT, ClusterFigures::inDoubt);
    many(metrics, Metric.SAGAS, SAGAS, ClusterFigures::sagas);
    one(metrics, Metric.SAGAS_OLDEST, figures -> seconds(figures.oldestWaiting()));
    many(metrics, Metric.SERVERS, SERVERS, ClusterFigures::servers);
    many(metrics, Metric.HOSTS, HOSTS, ClusterFigures::hosts);
    one(metrics, Metric.HOSTS_DISABLED, ClusterFigures::disabled);
    for (String service : List.of("conductor", "scheduler")) {
      for (String state : List.of("up", "down")) {
        String both = service + " " + state;
        Metric.SERVICES.gauge(
            metrics,
            this,
            all -> all.figure(now -> now.services().getOrDefault(both, 0L)),
            service,
            state);
      }
    }
    many(metrics, Metric.DRAINS, DRAINS, ClusterFigures::drains);
    many(metrics, Metric.DRAIN_SERVERS, DRAIN_SERVERS, ClusterFigures::drainServers);
    many(metrics, Metric.EVACUATIONS, EVACUATIONS, ClusterFigures::evacuations);
    one(metrics, Metric.OUTBOX_WAITING, ClusterFigures::outbox);
    one(metrics, Metric.OUTBOX_AGE, figures -> seconds(figures.outboxAge()));
  }

  private static double seconds(Duration age) {
    return age.toMillis() / MILLIS;
  }

  private void one(MeterRegistry metrics, Metric metric, Function<ClusterFigures, Number> figure) {
    metric.gauge(metrics, this, all -> all.figure(figure));
  }

  private void many(
      MeterRegistry metrics,
      Metric metric,
      List<String> words,
      Function<ClusterFigures, Map<String, Long>> counts) {
    for (String word : words) {
      metric.gauge(
          metrics, this, all -> all.figure(now -> counts.apply(now).getOrDefault(word, 0L)), word);
    }
  }

  private double figure(Function<ClusterFigures, Number> figure) {
    return last.filter(read -> clock.instant().isBefore(read.at().plus(OLD)))
        .map(read -> figure.apply(read.figures()).doubleValue())
        .orElse(Double.NaN);
  }

  /**
   * Reads the figures.
   *
   * @throws RuntimeException the store's; the figures before stay for a while
   */
  public void look() {
    last = Optional.of(new Read(store.read(downAfter), clock.instant()));
  }
}
