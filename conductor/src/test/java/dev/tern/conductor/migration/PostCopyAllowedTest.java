package dev.tern.conductor.migration;

import static dev.tern.conductor.fake.FakeCloud.AT_DESTINATION;
import static dev.tern.conductor.fake.FakeCloud.AT_HOME;
import static dev.tern.conductor.fake.FakeCloud.HOME;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.conductor.fake.FakeCloud.Fault;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Its source can fail when all is at the destination; see docs/spec/README.md. */
@DisplayName("A guest that may move by post-copy, and did not need it")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PostCopyAllowedTest {
  private static final Duration SOON = Duration.ofSeconds(30);
  private final FakeCloud cloud = new FakeCloud();

  @BeforeEach
  void allow() {
    cloud.postCopyAllowed = true;
  }

  static Stream<Arguments> everyFaultOfTheHandOver() {
    return Stream.of("start-incoming", "await-source", "hand-over", "await-arrival")
        .flatMap(step ->
            Stream.of(Fault.values())
                .filter(fault -> fault != Fault.ABORTED && fault != Fault.REFUSED)
                .map(fault -> Arguments.of(step, fault)));
  }

  @Test
  @Tag("S84")
  void runs_at_its_destination_when_its_source_has_let_go() throws InterruptedException {
    cloud.run();
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("everyFaultOfTheHandOver")
  @Tag("S84")
  void runs_once_whatever_goes_wrong(String step, Fault fault) throws InterruptedException {
    cloud.fail(step, fault);
    cloud.run();
    assertThat(cloud.migration().status().terminal()).isTrue();
    assertThat(cloud.things())
        .containsExactlyElementsOf(
            cloud.migration().status() == MigrationStatus.COMPLETED ? AT_DESTINATION : AT_HOME);
  }

  /** The copy has all of it, and waits; it is ended before the guest goes on where it was. */
  @Test
  @Tag("S84")
  void goes_on_at_home_at_once_when_its_source_failed_though_all_was_sent()
      throws InterruptedException {
    cloud.sourceFailsAfterLeaving = true;
    cloud.run();
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.FAILED);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
    assertThat(cloud.time.now()).as("nothing was waited for").isLessThan(SOON);
  }

  /** It may have failed, and what the guest wrote then is on its disks there and nowhere else. */
  @Test
  void is_lost_when_its_source_ended_and_nobody_knows_that_it_had_not_failed()
      throws InterruptedException {
    cloud.sourceEndsUnrecorded = true;
    cloud.run();
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.ERROR);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ERROR);
    assertThat(cloud.server().host()).contains(HOME);
    assertThat(cloud.things()).contains("host-1 disk").doesNotContain("host-2 disk");
  }

  @Test
  void runs_when_a_later_conductor_hears_that_its_source_has_let_go() throws InterruptedException {
    cloud.diesAfter = Optional.of(AgentRequest.HandOver.class);
    cloud.run();
    assertThat(cloud.diesAfter).as("it has died").isEmpty();
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
  }

  @Test
  @Tag("S88")
  void runs_where_it_waits_once_its_lost_source_was_given_up() throws InterruptedException {
    cloud.whenItLeaves = () -> cloud.isLost(HOME);
    cloud.diesAfter = Optional.of(AgentRequest.HandOver.class); // so its answer is not heard
    cloud.meanwhile =
        () -> {
          assertThat(cloud.time.now()).as("it ends").isLessThan(Duration.ofHours(1));
          if (cloud.fence().isEmpty()) {
            try {
              cloud.stateLost(HOME);
              cloud.qemuDies(HOME);
            } catch (ComputeException e) {
              assertThat(e.code()).isEqualTo(ErrorCode.MIGRATION_NOT_RESOLVABLE);
            }
          }
        };

    cloud.run();

    assertThat(cloud.wasInDoubt()).isTrue();
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    cloud.comesBack(HOME);
    cloud.tellFencedHosts();
    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
  }
}
