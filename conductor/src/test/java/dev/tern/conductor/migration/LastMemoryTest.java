package dev.tern.conductor.migration;

import static dev.tern.conductor.fake.FakeCloud.AT_DESTINATION;
import static dev.tern.conductor.fake.FakeCloud.AWAY;
import static dev.tern.conductor.fake.FakeCloud.HOME;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.conductor.fake.FakeCloud.Fault;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;
import dev.tern.store.FenceStore;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("A guest that runs at its destination before all its memory is there")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LastMemoryTest {
  private final FakeCloud cloud = new FakeCloud();

  static Stream<Arguments> everyFaultOfTheLastSteps() {
    return Stream.of("hand-over", "await-arrival", "await-memory", "retire-source")
        .flatMap(step ->
            Stream.of(Fault.values())
                // Not here: it takes the guest home before it has left.
                .filter(fault -> fault != Fault.ABORTED && fault != Fault.REFUSED)
                .map(fault -> Arguments.of(step, fault)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("everyFaultOfTheLastSteps")
  @Tag("S68")
  void is_said_to_be_lost_when_its_source_dies_and_leaves_its_disks_and_nothing_else(
      String step, Fault fault) throws InterruptedException {
    cloud.sourceDiesInPostCopy = true;
    cloud.fail(step, fault);

    cloud.run();

    assertLost();
    assertThat(cloud.migration().failure().orElseThrow().message())
        .contains("host-1 ended before all of the guest's memory had come to host-2")
        .contains("Its disks are whole");
    assertThat(cloud.server().fault().orElseThrow().failure().message())
        .contains("its disks are whole")
        .doesNotContain("host-");
  }

  private void assertLost() {
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.ERROR);
    assertThat(cloud.migration().failure().orElseThrow().code())
        .isEqualTo(ErrorCode.GUEST_MEMORY_LOST);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ERROR);
    assertThat(cloud.server().power()).isEqualTo(PowerState.CRASHED);
    assertThat(cloud.server().host()).contains(AWAY);
    assertThat(cloud.server().task()).isEmpty();
    assertThat(cloud.things()).containsExactly("claim host-2", "host-2 disk");
  }

  @Test
  @Tag("S68")
  void lives_on_when_its_source_had_sent_everything_and_ended_before_it_said_so()
      throws InterruptedException {
    cloud.sourceEndsUnrecorded = true;

    cloud.run();

    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
  }

  @Test
  @Tag("S88")
  void is_said_to_be_lost_when_its_source_was_fenced_of_whose_end_its_QEMU_never_hears()
      throws InterruptedException {
    cloud.postCopyLasts = true;
    cloud.whenItLeaves = () -> cloud.isLost(HOME);
    cloud.meanwhile =
        () -> {
          if (cloud.fence().isEmpty()) {
            try {
              cloud.stateFenced(HOME);
            } catch (ComputeException e) {
              assertThat(e.code()).isEqualTo(ErrorCode.MIGRATION_NOT_RESOLVABLE);
            }
          }
        };

    cloud.run();

    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.ERROR);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ERROR);
    assertThat(cloud.things()).contains("host-2 disk").doesNotContain("host-2 qemu");
  }

  /** Its QEMU had sent all and ended; the host went before it could be asked whether it had. */
  @Test
  @Tag("S88")
  void lives_on_when_its_source_had_sent_everything_and_the_host_was_lost_with_the_knowledge()
      throws InterruptedException {
    cloud.sourceEndsUnrecorded = true;
    cloud.whenItLeaves = () -> cloud.isLost(HOME);
    cloud.meanwhile =
        () -> {
          assertThat(cloud.time.now()).as("it ends").isLessThan(Duration.ofHours(1));
          if (cloud.fence().isEmpty()) {
            try {
              cloud.stateFenced(HOME);
            } catch (ComputeException e) {
              assertThat(e.code()).isEqualTo(ErrorCode.MIGRATION_NOT_RESOLVABLE);
            }
          }
        };

    cloud.run();

    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    cloud.comesBack(HOME);
    cloud.tellFencedHosts();
    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
    assertThat(cloud.fence().orElseThrow().outcome()).contains(FenceStore.Outcome.REMOVED);
  }
}
