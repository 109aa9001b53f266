package dev.tern.conductor.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.contract.MigrationStatus;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.TurnStore.Waiting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("A live migration that is one too many")
@Tag("S84")
class QueuedMigrationTest {
  private final FakeCloud cloud = new FakeCloud();

  @Test
  void waits_with_a_reason_and_goes_on_when_another_has_ended() throws Exception {
    List<MigrationRecord> others = cloud.othersMove(4);
    List<Optional<Waiting>> seen = new ArrayList<>();
    cloud.whenParked =
        () -> {
          seen.add(cloud.waiting());
          assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.QUEUED);
          cloud.ends(others.get(seen.size() - 1));
        };
    cloud.run();
    assertThat(seen)
        .containsExactly(
            Optional.of(
                new Waiting(
                    "As many migrations leave %s as may at once (4).".formatted(FakeCloud.HOME),
                    0)));
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.waiting()).isEmpty();
  }

  @Test
  void waits_on_when_it_is_woken_for_nothing() throws Exception {
    List<MigrationRecord> others = cloud.othersMove(4);
    int[] woken = {0};
    cloud.whenParked =
        () -> {
          if (++woken[0] == 3) {
            cloud.ends(others.getFirst());
          }
        };
    cloud.run();
    assertThat(woken[0]).isEqualTo(3);
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
  }

  @Test
  @Tag("S117")
  void ends_at_home_when_it_is_aborted_while_it_waits() throws Exception {
    var _ = cloud.othersMove(4);
    cloud.whenParked = cloud::requestAbort;
    cloud.run();
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.CANCELLED);
    assertThat(cloud.things()).containsExactlyInAnyOrderElementsOf(FakeCloud.AT_HOME);
  }
}
