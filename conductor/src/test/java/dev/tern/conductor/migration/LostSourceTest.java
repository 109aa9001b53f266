package dev.tern.conductor.migration;

import static dev.tern.conductor.fake.FakeCloud.AT_DESTINATION;
import static dev.tern.conductor.fake.FakeCloud.AT_HOME;
import static dev.tern.conductor.fake.FakeCloud.AWAY;
import static dev.tern.conductor.fake.FakeCloud.HOME;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.store.FenceStore.FenceRecord;
import dev.tern.store.FenceStore.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A migration whose source is lost before the guest has arrived")
class LostSourceTest {
  private static final List<String> LOST =
      List.of(
          "claim host-1", "host-1 disk", "host-1 handed over", "host-1 key", "host-2 kept disk");

  private final FakeCloud cloud = new FakeCloud();

  /** How much the conductor heard of the hand-over. */
  enum Heard {
    THAT_ALL_WAS_SENT,
    NOTHING
  }

  private void isLost(Heard heard) {
    cloud.copyDoesNotArrive = true;
    switch (heard) {
      case THAT_ALL_WAS_SENT -> cloud.sourceIsLostAfterLeaving = true;
      case NOTHING -> losesSourceAt("hand-over");
    }
  }

  private void losesSourceAt(String step) {
    cloud.watcher =
        (line, after) -> {
          if (after && line.step().equals(step) && line.what().equals("started")) {
            cloud.isLost(HOME);
          }
        };
  }

  /** As soon as that is taken. */
  private void operatorGivesUp(Runnable then) {
    cloud.meanwhile =
        () -> {
          if (cloud.fence().isEmpty()) {
            try {
              cloud.stateLost(HOME);
              then.run();
            } catch (ComputeException e) {
              assertThat(e.code()).isEqualTo(ErrorCode.MIGRATION_NOT_RESOLVABLE);
            }
          }
        };
  }

  private FenceRecord fence() {
    return cloud.fence().orElseThrow();
  }

  private void assertGivenUp() {
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.ERROR);
    assertThat(cloud.migration().inDoubt()).isFalse();
    assertThat(cloud.migration().failure().orElseThrow().message())
        .contains("host-1 was fenced, as user", "had not arrived at host-2", "/kept/host-2");
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ERROR);
    assertThat(cloud.server().host()).contains(HOME);
    assertThat(cloud.server().task()).isEmpty();
    assertThat(cloud.server().fault().orElseThrow().failure().message())
        .contains("host was lost", "A copy", cloud.migration().id().toString())
        .doesNotContain("host-1", "host-2", "/kept");
    assertThat(fence().kept()).contains("/kept/host-2");
    assertThat(fence().reliedOnAt()).isPresent();
  }

  @ParameterizedTest
  @EnumSource(Heard.class)
  @Tag("S88")
  void ends_with_what_came_of_the_disks_kept_and_nothing_else(Heard heard)
      throws InterruptedException {
    isLost(heard);
    operatorGivesUp(() -> cloud.qemuDies(HOME));

    cloud.run();

    assertThat(cloud.wasInDoubt()).isTrue();
    assertThat(cloud.time.now()).as("no host came back").isLessThan(Duration.ofHours(1));
    assertGivenUp();
    List<String> left = new ArrayList<>(LOST);
    if (heard == Heard.NOTHING) {
      left.remove("host-1 handed over");
    }
    assertThat(cloud.things()).containsExactlyInAnyOrderElementsOf(left);
    assertThat(fence().outcome()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        AgentRequest.KillIncoming.class,
        AgentRequest.KeepDisks.class,
        AgentRequest.WithdrawKey.class,
        AgentRequest.ReleaseSpace.class
      })
  @Tag("S88")
  @Tag("S120")
  void ends_so_whichever_conductor_goes_on(Class<? extends AgentRequest> request)
      throws InterruptedException {
    isLost(Heard.THAT_ALL_WAS_SENT);
    operatorGivesUp(() -> {
      cloud.qemuDies(HOME);
      cloud.diesAfter = Optional.of(request);
    });

    cloud.run();

    assertThat(cloud.diesAfter).as("it has died").isEmpty();
    assertGivenUp();
    assertThat(cloud.things()).containsExactlyInAnyOrderElementsOf(LOST);
  }

  @Test
  @Tag("S88")
  void is_given_up_too_when_the_copy_died_as_well() throws InterruptedException {
    cloud.copyDies = true;
    cloud.sourceIsLostAfterLeaving = true;
    operatorGivesUp(() -> cloud.qemuDies(HOME));

    cloud.run();

    assertGivenUp();
    assertThat(cloud.things()).containsExactlyInAnyOrderElementsOf(LOST);
  }

  @Test
  @Tag("S88")
  void waits_for_a_destination_that_does_not_say_what_it_has() throws InterruptedException {
    isLost(Heard.THAT_ALL_WAS_SENT);
    operatorGivesUp(() -> {
      cloud.qemuDies(HOME);
      cloud.silentFor(AWAY, Duration.ofHours(2));
    });

    cloud.run();

    assertThat(cloud.time.now()).isGreaterThan(Duration.ofHours(2));
    assertGivenUp();
  }

  @Test
  @Tag("S88")
  void believes_the_destination_when_the_guest_arrives_after_all() throws InterruptedException {
    isLost(Heard.THAT_ALL_WAS_SENT);
    operatorGivesUp(() -> {
      cloud.qemuDies(HOME);
      cloud.copyArrivesWhenAsked = true;
    });

    cloud.run();

    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.server().host()).contains(AWAY);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    cloud.comesBack(HOME);
    cloud.tellFencedHosts();
    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
    assertThat(fence().outcome()).contains(Outcome.REMOVED);
  }

  @Test
  @Tag("S88")
  void believes_the_source_when_it_answers_after_all() throws InterruptedException {
    isLost(Heard.THAT_ALL_WAS_SENT);
    operatorGivesUp(() -> cloud.comesBack(HOME));

    cloud.run();

    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.FAILED);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
    assertThat(fence().reliedOnAt()).isEmpty();
    cloud.tellFencedHosts();
    assertThat(fence().outcome()).isEmpty();
  }

  @Test
  @Tag("S88")
  void leaves_its_server_to_be_started_again_when_the_source_is_back_with_its_disks()
      throws InterruptedException {
    isLost(Heard.THAT_ALL_WAS_SENT);
    operatorGivesUp(() -> cloud.qemuDies(HOME));
    cloud.run();

    cloud.tellFencedHosts();
    assertThat(fence().outcome()).as("it does not answer yet").isEmpty();
    cloud.comesBack(HOME);
    cloud.tellFencedHosts();

    assertThat(fence().outcome()).contains(Outcome.RETURNED);
    assertThat(fence().said()).contains("disks are there");
    assertThat(cloud.server().vmState()).isEqualTo(VmState.STOPPED);
    assertThat(cloud.server().fault()).isEmpty();
    assertThat(cloud.things()).containsExactly("claim host-1", "host-1 disk", "host-2 kept disk");
  }

  @ParameterizedTest
  @EnumSource(Heard.class)
  @Tag("S88")
  void has_its_guest_run_at_home_when_only_the_network_was_fenced(Heard heard)
      throws InterruptedException {
    isLost(heard);
    operatorGivesUp(() -> {});
    cloud.run();
    assertGivenUp();

    cloud.comesBack(HOME);
    cloud.tellFencedHosts();

    assertThat(fence().outcome()).contains(Outcome.RETURNED);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(cloud.things()).contains("host-2 kept disk").containsAll(AT_HOME).hasSize(5);
  }

  @Test
  @Tag("S88")
  void has_its_guest_at_home_paused_as_its_user_wanted() throws InterruptedException {
    isLost(Heard.THAT_ALL_WAS_SENT);
    operatorGivesUp(() -> {});
    cloud.run();
    cloud.pausedByItsUser = true;

    cloud.comesBack(HOME);
    cloud.tellFencedHosts();

    assertThat(fence().outcome()).contains(Outcome.RETURNED);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.PAUSED);
    assertThat(cloud.server().power()).isEqualTo(PowerState.PAUSED);
  }

  @Test
  @Tag("S88")
  void tells_the_source_also_when_something_younger_was_asked_of_it() throws InterruptedException {
    isLost(Heard.THAT_ALL_WAS_SENT);
    operatorGivesUp(() -> cloud.qemuDies(HOME));
    cloud.run();
    cloud.comesBack(HOME);
    cloud.isStoppedInVain(HOME);

    cloud.tellFencedHosts();

    assertThat(fence().outcome()).contains(Outcome.RETURNED);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.STOPPED);
    assertThat(cloud.things()).doesNotContain("host-1 handed over");
  }

  @Test
  @Tag("S88")
  void has_nothing_to_tell_of_a_server_that_is_deleted_by_now() throws InterruptedException {
    isLost(Heard.THAT_ALL_WAS_SENT);
    operatorGivesUp(() -> cloud.qemuDies(HOME));
    cloud.run();
    cloud.comesBack(HOME);
    cloud.isDeletedAfterItAsked(HOME);

    cloud.tellFencedHosts();

    assertThat(fence().outcome()).contains(Outcome.REMOVED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"create-disks", "start-incoming", "mirror-disks"})
  @Tag("S86")
  void is_taken_back_without_a_source_that_was_lost_before_the_hand_over(String step)
      throws InterruptedException {
    losesSourceAt(step);
    operatorGivesUp(() -> cloud.qemuDies(HOME));

    cloud.run();

    assertThat(cloud.server().vmState()).isEqualTo(VmState.ERROR);
    assertThat(cloud.server().host()).contains(HOME);
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.ERROR);
    assertThat(cloud.things())
        .filteredOn(thing -> thing.startsWith("host-2"))
        .isSubsetOf("host-2 kept disk");
    assertThat(cloud.things()).doesNotContain("claim host-2");
    cloud.comesBack(HOME);
    cloud.tellFencedHosts();
    assertThat(fence().outcome()).contains(Outcome.RETURNED);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.STOPPED);
  }

  @Test
  void is_not_given_up_by_a_statement_about_its_destination() throws InterruptedException {
    isLost(Heard.THAT_ALL_WAS_SENT);
    List<String> refusals = new ArrayList<>();
    cloud.meanwhile =
        () -> {
          if (cloud.migration().inDoubt() && refusals.isEmpty()) {
            for (HostName host : List.of(AWAY, new HostName("host-3"))) {
              try {
                cloud.stateLost(host);
              } catch (ComputeException e) {
                refusals.add(e.explanation());
              }
            }
            cloud.comesBack(HOME);
          }
        };

    cloud.run();

    assertThat(refusals).hasSize(2);
    assertThat(refusals.getFirst()).contains("lost only with its source host-1");
    assertThat(refusals.getLast()).contains("nothing to do with");
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
  }
}
