package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.MigrationId;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.host.MoveDetail;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The count of bytes that migrations sent")
class MovedBytesTest {
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final MovedBytes bytes = new MovedBytes(metrics);
  private final MigrationId one = new MigrationId(UUID.randomUUID());
  private final MigrationId other = new MigrationId(UUID.randomUUID());

  private void told(MigrationId migration, long disk, long memory) {
    MoveDetail detail =
        new MoveDetail(
            Instant.EPOCH,
            List.of(),
            new MoveDetail.MemoryPace(0, 0, 0, 0),
            Forecast.unknown(""),
            Duration.ZERO,
            Optional.empty());
    bytes.count(new MigrationProgress(migration, 0, memory, 0, 0, disk, 0, 0, detail));
  }

  private double counted(String kind) {
    return metrics.get("tern.agent.migration.bytes").tag("kind", kind).counter().count();
  }

  @Test
  void holds_each_byte_once_and_all_migrations_together() {
    told(one, 100, 0);
    told(one, 150, 10);
    told(other, 7, 3);
    told(one, 150, 30);
    assertThat(counted("disk")).isEqualTo(157);
    assertThat(counted("memory")).isEqualTo(33);
    assertThat(metrics.getMeters()).hasSize(2);
  }

  @Test
  void holds_what_a_step_that_began_again_sent_again() {
    told(one, 100, 0);
    told(one, 20, 0);
    told(one, 50, 0);
    assertThat(counted("disk")).isEqualTo(150);
  }
}
