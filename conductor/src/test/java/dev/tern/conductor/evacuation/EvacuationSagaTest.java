package dev.tern.conductor.evacuation;

import static dev.tern.conductor.fake.EvacuationCloud.AWAY;
import static dev.tern.conductor.fake.EvacuationCloud.DEAD;
import static dev.tern.conductor.fake.EvacuationCloud.THIRD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.EvacuationCloud;
import dev.tern.conductor.fake.EvacuationCloud.Fault;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AskGuest;
import dev.tern.contract.agent.AgentRequest.AttachVolume;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.store.ActionStore.EventRecord;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.EvacuationStore.EvacuationStatus;
import dev.tern.store.FenceStore.Outcome;
import dev.tern.store.Samples;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("An evacuation")
class EvacuationSagaTest {
  private final EvacuationCloud cloud = new EvacuationCloud();

  private EvacuationRecord run() throws InterruptedException {
    cloud.ask(false);
    return cloud.run();
  }

  private void livesAt(dev.tern.contract.HostName host) {
    assertThat(cloud.server().host()).contains(host);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(cloud.server().power()).isEqualTo(PowerState.RUNNING);
    assertThat(cloud.server().task()).isEmpty();
    assertThat(cloud.evacuation().status()).isEqualTo(EvacuationStatus.DONE);
    assertThat(cloud.evacuation().destination()).contains(host);
  }

  @Test
  void makes_the_server_anew_with_its_volumes_and_one_claim() throws Exception {
    cloud.hasVolume();
    EvacuationRecord evacuation = run();
    livesAt(AWAY);
    assertThat(cloud.things())
        .containsExactly(
            "claim host-2", "host-1 disks", "host-2 disks", "host-2 guest", "host-2 volume");
    assertThat(evacuation.ownerChangedAt()).isPresent();
    assertThat(
            cloud
                .stores()
                .actions()
                .find(cloud.server().id(), evacuation.request())
                .orElseThrow()
                .events())
        .extracting(EventRecord::event, EventRecord::result)
        .containsExactlyInAnyOrder(
            org.assertj.core.groups.Tuple.tuple("rebuild_server", Optional.of("Success")),
            org.assertj.core.groups.Tuple.tuple(
                "compute_rebuild_instance", Optional.of("Success")));
  }

  @Test
  void of_a_stopped_server_starts_no_guest() throws Exception {
    cloud.isStopped();
    EvacuationRecord _ = run();
    assertThat(cloud.server().vmState()).isEqualTo(VmState.STOPPED);
    assertThat(cloud.server().power()).isEqualTo(PowerState.SHUTDOWN);
    assertThat(cloud.things()).containsExactly("claim host-2", "host-1 disks", "host-2 disks");
  }

  static Stream<Arguments> everyLostWord() {
    return Stream.of(AskGuest.class, BuildServer.class, AttachVolume.class, StartServer.class)
        .flatMap(request ->
            Stream.of(
                    Fault.ANSWER_LOST,
                    Fault.CONDUCTOR_DIES_BEFORE_THE_EFFECT,
                    Fault.CONDUCTOR_DIES_AFTER_THE_EFFECT)
                .map(fault -> Arguments.of(fault, request)));
  }

  @ParameterizedTest
  @MethodSource("everyLostWord")
  @Tag("S120")
  void goes_on_whatever_is_lost_on_the_way(Fault fault, Class<? extends AgentRequest> request)
      throws Exception {
    cloud.hasVolume();
    cloud.goesWrong(fault, request);
    EvacuationRecord _ = run();
    livesAt(AWAY);
    assertThat(cloud.things())
        .containsExactly(
            "claim host-2", "host-1 disks", "host-2 disks", "host-2 guest", "host-2 volume");
  }

  @ParameterizedTest
  @MethodSource
  void goes_to_another_host_when_one_fails(Fault fault, Class<? extends AgentRequest> request)
      throws Exception {
    cloud.hasVolume();
    cloud.goesWrong(fault, request);
    EvacuationRecord _ = run();
    livesAt(THIRD);
    cloud.comesBack(AWAY);
    cloud.tellHosts();
    assertThat(cloud.things())
        .as("nothing is left on the first")
        .containsExactly(
            "claim host-3", "host-1 disks", "host-3 disks", "host-3 guest", "host-3 volume");
  }

  static Stream<Arguments> goes_to_another_host_when_one_fails() {
    return Stream.of(Fault.REFUSED, Fault.HOST_DIES)
        .flatMap(fault ->
            Stream.of(BuildServer.class, AttachVolume.class)
                .map(request -> Arguments.of(fault, request)));
  }

  @ParameterizedTest
  @MethodSource("goes_to_another_host_when_one_fails")
  void whose_only_destination_fails_is_an_error_with_nothing_left(
      Fault fault, Class<? extends AgentRequest> request) throws Exception {
    cloud.hasVolume();
    cloud.free = List.of(AWAY);
    cloud.goesWrong(fault, request);
    EvacuationRecord evacuation = run();
    assertThat(evacuation.status()).isEqualTo(EvacuationStatus.ERROR);
    assertThat(evacuation.failure()).isPresent();
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ERROR);
    assertThat(cloud.server().host()).contains(DEAD);
    assertThat(cloud.server().task()).isEmpty();
    cloud.comesBack(AWAY);
    cloud.tellHosts();
    assertThat(cloud.things()).containsExactly("claim host-1", "host-1 disks");

    cloud.ask(false);
    EvacuationRecord _ = cloud.run();
    livesAt(AWAY);
  }

  @Test
  void without_a_host_is_an_error_that_says_why() throws Exception {
    cloud.free = List.of();
    EvacuationRecord evacuation = run();
    assertThat(evacuation.status()).isEqualTo(EvacuationStatus.ERROR);
    assertThat(evacuation.failure().orElseThrow().message()).contains("No valid host");
    assertThat(cloud.server().fault().orElseThrow().failure().code())
        .isEqualTo(ErrorCode.NO_VALID_HOST);
    assertThat(cloud.things()).containsExactly("claim host-1", "host-1 disks");
  }

  @ParameterizedTest
  @MethodSource
  void whose_guest_does_not_start_leaves_the_server_in_error_at_its_new_host(Fault fault)
      throws Exception {
    cloud.goesWrong(fault, StartServer.class);
    EvacuationRecord evacuation = run();
    assertThat(evacuation.status()).isEqualTo(EvacuationStatus.ERROR);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ERROR);
    assertThat(cloud.server().host()).contains(AWAY);
    assertThat(cloud.things()).containsExactly("claim host-2", "host-1 disks", "host-2 disks");
    cloud.comesBack(DEAD);
    cloud.tellHosts();
    assertThat(cloud.things()).contains("host-1 kept");
  }

  static Stream<Fault> whose_guest_does_not_start_leaves_the_server_in_error_at_its_new_host() {
    return Stream.of(Fault.REFUSED, Fault.HOST_DIES);
  }

  @Test
  void of_a_host_that_answers_after_all_leaves_the_server_to_it() throws Exception {
    cloud.comesBack(DEAD);
    EvacuationRecord evacuation = run();
    assertThat(evacuation.status()).isEqualTo(EvacuationStatus.FAILED);
    assertThat(evacuation.failure().orElseThrow().code()).isEqualTo(ErrorCode.HOST_NOT_FENCED);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(cloud.server().host()).contains(DEAD);
    assertThat(cloud.things()).containsExactly("claim host-1", "host-1 disks");
  }

  @Test
  void of_a_host_that_comes_back_while_disks_are_made_leaves_the_server_to_it() throws Exception {
    cloud.meanwhile =
        () -> {
          if (cloud.things().contains("host-2 disks")) {
            cloud.comesBack(DEAD);
            cloud.meanwhile = () -> {};
          }
        };
    EvacuationRecord evacuation = run();
    assertThat(evacuation.status()).isEqualTo(EvacuationStatus.FAILED);
    assertThat(cloud.server().host()).contains(DEAD);
    assertThat(cloud.things()).containsExactly("claim host-1", "host-1 disks");
  }

  @Test
  void changes_no_owner_when_the_statement_is_taken_back_meanwhile() throws Exception {
    cloud.meanwhile =
        () -> {
          if (cloud.things().contains("host-2 disks")) {
            cloud.fence(false);
          }
        };
    EvacuationRecord evacuation = run();
    assertThat(evacuation.status()).isEqualTo(EvacuationStatus.FAILED);
    assertThat(evacuation.failure().orElseThrow().code()).isEqualTo(ErrorCode.HOST_NOT_FENCED);
    assertThat(cloud.server().host()).contains(DEAD);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(cloud.things()).containsExactly("claim host-1", "host-1 disks");
  }

  @Test
  void has_the_old_disks_put_aside_when_the_host_is_back() throws Exception {
    EvacuationRecord _ = run();
    cloud.tellHosts();
    assertThat(cloud.evacuation().outcome()).as("it does not answer yet").isEmpty();
    cloud.comesBack(DEAD);
    cloud.tellHosts();
    assertThat(cloud.things())
        .containsExactly("claim host-2", "host-1 kept", "host-2 disks", "host-2 guest");
    assertThat(cloud.evacuation().status()).isEqualTo(EvacuationStatus.COMPLETED);
    assertThat(cloud.evacuation().outcome()).contains(Outcome.LEFT);
    assertThat(cloud.evacuation().said()).contains("/kept/host-1");
  }

  @Test
  void has_the_old_disks_removed_with_consent() throws Exception {
    cloud.ask(true);
    EvacuationRecord _ = cloud.run();
    cloud.comesBack(DEAD);
    cloud.tellHosts();
    assertThat(cloud.things()).containsExactly("claim host-2", "host-2 disks", "host-2 guest");
    assertThat(cloud.evacuation().outcome()).contains(Outcome.REMOVED);
  }

  @Test
  void tells_the_old_host_nothing_while_something_is_done_to_the_server() throws Exception {
    EvacuationRecord _ = run();
    cloud.comesBack(DEAD);
    var _ = cloud.stores().servers().requestStop(cloud.server().id(), Samples.request());
    cloud.tellHosts();
    assertThat(cloud.evacuation().outcome()).isEmpty();
    assertThat(cloud.things()).contains("host-1 disks");
  }
}
