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
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.store.FenceStore.FenceRecord;
import dev.tern.store.FenceStore.Outcome;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A migration that waits for a host which is lost")
class ResolvedMigrationTest {
  private final FakeCloud cloud = new FakeCloud();
  private Duration until = Duration.ZERO;

  /** As soon as that is taken. */
  private void operatorFences(HostName host) {
    cloud.meanwhile =
        () -> {
          assertThat(cloud.time.now()).as("it ends").isLessThan(Duration.ofHours(1));
          if (cloud.fence().isEmpty()) {
            try {
              cloud.stateFenced(host);
            } catch (ComputeException e) {
              assertThat(e.code()).isEqualTo(ErrorCode.MIGRATION_NOT_RESOLVABLE);
            }
          }
        };
  }

  private void isLostAt(String step, String what, HostName host) {
    cloud.watcher =
        (line, after) -> {
          if (after && line.step().equals(step) && line.what().equals(what)) {
            cloud.isLost(host);
            if (host.equals(AWAY)) {
              cloud.qemuDies(host);
            }
          }
        };
  }

  private void lostWhenItLeft() {
    cloud.silenceAfterLeaving = Duration.ofDays(1);
    cloud.copyDies = true;
  }

  private FenceRecord fence() {
    return cloud.fence().orElseThrow();
  }

  @Test
  @Tag("S88")
  void says_who_is_silent_since_when_and_what_each_promised_last() throws InterruptedException {
    lostWhenItLeft();
    Set<String> reasons = new HashSet<>();
    cloud.meanwhile = () -> cloud.migration().doubt().ifPresent(doubt -> reasons.add(doubt.why()));

    cloud.run();

    assertThat(reasons)
        .anySatisfy(why ->
            assertThat(why)
                .contains("Host host-2 has not answered since 1970-01-01T00:00:")
                .contains("What host host-2 promised last is not known.")
                .contains("Host host-1 said last that it has handed the guest over"));
    assertThat(reasons).hasSizeLessThan(4);
  }

  @Test
  @Tag("S88")
  @Tag("S97")
  void has_its_guest_at_home_again_when_the_destination_is_fenced() throws InterruptedException {
    lostWhenItLeft();
    operatorFences(AWAY);

    cloud.run();

    assertHome();
    assertThat(cloud.time.now()).as("no host came back").isLessThan(Duration.ofHours(1));
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.FAILED);
    assertThat(cloud.migration().failure().orElseThrow().message())
        .contains("host-2 was fenced, as user");
    assertThat(cloud.things()).contains("host-2 disk").containsAll(AT_HOME);
    assertThat(fence().outcome()).isEmpty();
  }

  @Test
  @Tag("S88")
  void tells_the_fenced_host_when_it_comes_back_and_leaves_nothing_there()
      throws InterruptedException {
    lostWhenItLeft();
    operatorFences(AWAY);
    cloud.run();

    cloud.tellFencedHosts();
    assertThat(fence().outcome()).as("it does not answer yet").isEmpty();
    cloud.comesBack(AWAY);
    cloud.tellFencedHosts();

    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
    assertThat(fence().outcome()).contains(Outcome.REMOVED);
  }

  @Test
  @Tag("S88")
  void tells_the_fenced_host_also_of_a_server_that_is_deleted_by_now() throws InterruptedException {
    lostWhenItLeft();
    operatorFences(AWAY);
    cloud.run();
    cloud.comesBack(AWAY);
    cloud.isDeletedAfterItAsked(AWAY);

    cloud.tellFencedHosts();

    assertThat(cloud.things()).noneMatch(thing -> thing.startsWith("host-2"));
    assertThat(fence().outcome()).contains(Outcome.REMOVED);
  }

  @ParameterizedTest
  @ValueSource(classes = {AgentRequest.ReturnHome.class, AgentRequest.CancelMirrors.class})
  @Tag("S88")
  @Tag("S120")
  void asks_the_fenced_host_no_more_whichever_conductor_goes_on(
      Class<? extends AgentRequest> request) throws InterruptedException {
    cloud.silenceAfterLeaving = Duration.ofMinutes(2);
    cloud.copyDoesNotArrive = true;
    cloud.copyArrivesWhenAsked = true;
    cloud.diesAfter = Optional.of(request);
    operatorFences(AWAY);

    cloud.run();

    assertHome();
    assertThat(cloud.things()).contains("host-1 guest runs").doesNotContain("host-2 guest runs");
    cloud.comesBack(AWAY);
    cloud.tellFencedHosts();
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
  }

  @Test
  @Tag("S88")
  void believes_the_host_itself_when_it_answers_after_all() throws InterruptedException {
    cloud.silenceAfterLeaving = Duration.ofSeconds(40);
    operatorFences(AWAY);
    Runnable fences = cloud.meanwhile;
    cloud.meanwhile =
        () -> {
          fences.run();
          if (cloud.fence().isPresent() && fence().reliedOnAt().isEmpty()) {
            cloud.comesBack(AWAY);
          }
        };

    cloud.run();

    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
    assertThat(fence().reliedOnAt()).isEmpty();
    cloud.tellFencedHosts();
    assertThat(fence().outcome()).isEmpty();
    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
  }

  /** What the conductor meets when it looks for the host that was stated to be dead. */
  enum NoProof {
    THE_HOST_ANSWERS_AND_CANNOT_SAY,
    THE_CONDUCTOR_HAS_NO_BROKER
  }

  @ParameterizedTest
  @EnumSource(NoProof.class)
  @Tag("S88")
  void takes_nothing_but_silence_for_a_host_that_is_dead(NoProof met) throws InterruptedException {
    cloud.silenceAfterLeaving = Duration.ofDays(1);
    cloud.meanwhile =
        () -> {
          if (cloud.migration().inDoubt() && cloud.fence().isEmpty()) {
            cloud.stateFenced(AWAY);
            cloud.comesBack(AWAY);
            switch (met) {
              case THE_HOST_ANSWERS_AND_CANNOT_SAY -> cloud.cannotSay.add(AWAY);
              case THE_CONDUCTOR_HAS_NO_BROKER ->
                  cloud.brokerAwayUntil = cloud.time.now().plusSeconds(40);
            }
            until = cloud.time.now().plusSeconds(40);
          }
          if (cloud.time.now().compareTo(until) >= 0) {
            cloud.cannotSay.clear();
          }
        };

    cloud.run();

    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
    assertThat(fence().reliedOnAt()).isEmpty();
  }

  @Test
  @Tag("S88")
  void keeps_the_disks_of_a_fenced_host_where_the_guest_had_run() throws InterruptedException {
    cloud.silenceAfterLeaving = Duration.ofDays(1);
    cloud.meanwhile =
        () -> {
          if (cloud.migration().inDoubt() && cloud.fence().isEmpty()) {
            cloud.qemuDies(AWAY);
            cloud.stateFenced(AWAY);
          }
        };
    cloud.run();
    cloud.meanwhile = () -> {};

    assertHome();
    cloud.comesBack(AWAY);
    cloud.tellFencedHosts();
    assertThat(cloud.things()).contains("host-2 disk").containsAll(AT_HOME);
    assertThat(fence().outcome()).contains(Outcome.LEFT);
  }

  @ParameterizedTest
  @ValueSource(strings = {"create-disks", "start-incoming", "mirror-disks"})
  @Tag("S86")
  void is_taken_back_without_a_destination_that_was_lost_before_the_hand_over(String step)
      throws InterruptedException {
    isLostAt(step, "started", AWAY);
    operatorFences(AWAY);

    cloud.run();

    assertHome();
    assertThat(cloud.wasInDoubt()).isFalse();
    cloud.comesBack(AWAY);
    cloud.tellFencedHosts();
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
    assertThat(fence().outcome()).contains(Outcome.REMOVED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"await-arrival", "change-owner", "move-console", "await-memory", "retire-source"})
  @Tag("S88")
  void is_completed_without_a_destination_that_was_lost_after_it_had_said_that_the_guest_arrived(
      String step) throws InterruptedException {
    isLostAt(step, "started", AWAY);
    operatorFences(AWAY);

    cloud.run();

    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.server().host()).contains(AWAY);
    assertThat(cloud.server().task()).isEmpty();
    assertThat(cloud.fence()).as("nothing waited for it").isEmpty();
  }

  @Test
  @Tag("S88")
  void has_its_guest_at_home_when_the_destination_said_that_it_runs_and_was_lost_then()
      throws InterruptedException {
    cloud.lostOnceItSaidThatItRuns = true;
    operatorFences(AWAY);

    cloud.run();

    assertHome();
    assertThat(fence().reliedOnAt()).isPresent();
  }

  @ParameterizedTest
  @ValueSource(strings = {"move-console", "await-memory", "retire-source"})
  void is_completed_without_a_source_that_was_lost_after_the_arrival(String step)
      throws InterruptedException {
    isLostAt(step, "started", HOME);
    operatorFences(HOME);

    cloud.run();

    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.server().host()).contains(AWAY);
    assertThat(cloud.server().task()).isEmpty();
    cloud.comesBack(HOME);
    cloud.tellFencedHosts();
    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
    assertThat(fence().source()).isTrue();
  }

  @Test
  void is_not_resolved_by_a_statement_about_a_source_whose_guest_has_not_arrived()
      throws InterruptedException {
    lostWhenItLeft();
    Set<String> refusals = new HashSet<>();
    cloud.meanwhile =
        () -> {
          if (cloud.migration().inDoubt() && cloud.fence().isEmpty()) {
            try {
              cloud.stateFenced(HOME);
            } catch (ComputeException e) {
              refusals.add(e.explanation());
            }
            cloud.stateFenced(AWAY);
          }
        };

    cloud.run();

    assertThat(refusals).singleElement().asString().contains("the only copy", "host-1");
    assertHome();
  }

  private void assertHome() {
    assertThat(cloud.server().host()).contains(HOME);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(cloud.server().task()).isEmpty();
    assertThat(cloud.migration().inDoubt()).isFalse();
    assertThat(List.of(MigrationStatus.FAILED, MigrationStatus.ERROR))
        .contains(cloud.migration().status());
  }
}
