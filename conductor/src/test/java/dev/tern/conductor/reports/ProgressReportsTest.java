package dev.tern.conductor.reports;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.Samples;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A report of a migration")
class ProgressReportsTest {
  private static final HostName HOME = new HostName("home");

  private final InMemoryStores stores = new InMemoryStores();
  private final Samples samples = new Samples(() -> stores);
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final ProgressReports reports =
      new ProgressReports(stores.migrations(), () -> Duration.ZERO, metrics);

  private double unknown() {
    return metrics.get("tern.messages.unknown.migration").counter().count();
  }

  @Test
  void is_written_down() {
    samples.host(HOME);
    MigrationRecord migration = samples.accepted(samples.active(HOME).id());
    reports.take(Samples.progress(migration.id(), 1000, 600, 50, 20));
    assertThat(stores.migrations().find(migration.id()).orElseThrow().memoryProcessed())
        .isEqualTo(600);
    assertThat(unknown()).isZero();
  }

  @Test
  void that_nobody_knows_is_dropped_and_counted() {
    reports.take(Samples.progress(new MigrationId(UUID.randomUUID()), 1000, 600, 50, 20));
    assertThat(unknown()).isEqualTo(1);
  }
}
