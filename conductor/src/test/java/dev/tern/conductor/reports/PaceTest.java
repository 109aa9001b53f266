package dev.tern.conductor.reports;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.MigrationId;
import dev.tern.store.Samples;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("Reports of a migration's progress")
@Tag("S44")
class PaceTest {
  private final MigrationId one = new MigrationId(UUID.randomUUID());
  private final MigrationId other = new MigrationId(UUID.randomUUID());
  private Duration now = Duration.ZERO;
  private final Pace pace = new Pace(() -> now);

  private boolean lets(MigrationId id) {
    return pace.lets(Samples.progress(id, 100, 1, 100, 1));
  }

  @Test
  void are_all_written_at_the_pace_that_agents_keep() {
    for (int i = 0; i < 20; i++) {
      assertThat(lets(one)).isTrue();
      now = now.plusMillis(i % 2 == 0 ? 450 : 550);
    }
  }

  @Test
  void are_written_twice_a_second_for_each_migration_however_many_come() {
    int written = 0;
    for (int i = 0; i < 1_000; i++) {
      written += lets(one) ? 1 : 0;
      now = now.plusMillis(10);
    }
    assertThat(written).isBetween(18, 29);
    assertThat(lets(other)).isTrue();
    assertThat(lets(other)).isFalse();
  }
}
