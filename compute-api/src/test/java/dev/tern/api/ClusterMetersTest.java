package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.metrics.ClusterMeters;
import dev.tern.store.ClusterFiguresStore.ClusterFigures;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The figures of the database")
class ClusterMetersTest {
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
  private boolean away;

  private final ClusterMeters meters =
      new ClusterMeters(this::read, Duration.ofMinutes(1), now::get, metrics);

  private ClusterFigures read(Duration downAfter) {
    if (away) {
      throw new IllegalStateException("no database, on purpose");
    }
    return new ClusterFigures(
        Map.of("running", 3L),
        1,
        Map.of("waiting", 2L),
        Duration.ofSeconds(9),
        Map.of("error", 4L),
        Map.of("up", 5L),
        6,
        Map.of("conductor up", 2L),
        Map.of("draining", 1L, "late", 1L),
        Map.of("moved", 8L),
        Map.of("owing", 1L),
        7,
        Duration.ofMillis(1_500));
  }

  private double gauge(String name, String... tags) {
    return metrics.get(name).tags(tags).gauge().value();
  }

  @Test
  void are_shown_and_what_is_not_there_is_nought() {
    assertThat(gauge("tern.hosts", "state", "up")).as("before the first look").isNaN();

    meters.look();

    assertThat(gauge("tern.migrations", "status", "running")).isEqualTo(3);
    assertThat(gauge("tern.migrations", "status", "queued")).isZero();
    assertThat(gauge("tern.migrations.in.doubt")).isEqualTo(1);
    assertThat(gauge("tern.sagas.oldest.waiting")).isEqualTo(9);
    assertThat(gauge("tern.hosts", "state", "up")).isEqualTo(5);
    assertThat(gauge("tern.services", "service", "conductor", "state", "up")).isEqualTo(2);
    assertThat(gauge("tern.services", "service", "scheduler", "state", "up")).isZero();
    assertThat(gauge("tern.drains", "state", "late")).isEqualTo(1);
    assertThat(gauge("tern.drain.servers", "state", "moved")).isEqualTo(8);
    assertThat(gauge("tern.outbox.age")).isEqualTo(1.5);
  }

  @Test
  void are_no_numbers_when_the_database_has_been_away_for_a_minute() {
    meters.look();
    away = true;
    now.set(Instant.EPOCH.plusSeconds(59));
    assertThat(gauge("tern.hosts", "state", "up")).isEqualTo(5);

    now.set(Instant.EPOCH.plusSeconds(60));

    assertThat(gauge("tern.hosts", "state", "up")).isNaN();
  }
}
