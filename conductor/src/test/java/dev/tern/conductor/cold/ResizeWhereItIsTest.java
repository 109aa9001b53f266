package dev.tern.conductor.cold;

import static dev.tern.conductor.fake.ColdCloud.AWAY;
import static dev.tern.conductor.fake.ColdCloud.HOME;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.ColdCloud;
import dev.tern.conductor.fake.ColdCloud.Fault;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.CheckResize;
import dev.tern.contract.agent.AgentRequest.DescribeServer;
import dev.tern.contract.agent.AgentRequest.FindKept;
import dev.tern.contract.agent.AgentRequest.LetGo;
import dev.tern.contract.agent.AgentRequest.ResizeHere;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.TakeBack;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.ColdStatus;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.Samples;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("A resize on the host where the server is")
@Tag("S124")
class ResizeWhereItIsTest {
  private static final FlavorRecord LARGE =
      new FlavorRecord("l", "large", 4, 512, 20, 0, 0, true, Map.of(), Optional.empty());
  private static final List<String> AS_IT_WAS =
      List.of("claim host-1", "host-1 disks", "host-1 guest");
  private static final List<String> BOTH =
      List.of("claim host-1", "host-1 disks", "host-1 guest", "host-1 kept");

  /** More than any of the stories asks. */
  private static final int QUESTIONS = 12;

  private final ColdCloud cloud = new ColdCloud();

  @BeforeEach
  void the_scheduler_chooses_it() {
    cloud.flavor = Optional.of(LARGE);
    cloud.mayStay = true;
    cloud.free = List.of(HOME);
  }

  private ColdMigrationRecord resized() throws InterruptedException {
    cloud.migrate(Optional.empty());
    return cloud.run();
  }

  private void is(VmState state, boolean large) {
    assertThat(cloud.server().host()).contains(HOME);
    assertThat(cloud.server().vmState()).isEqualTo(state);
    assertThat(cloud.server().task()).isEmpty();
    assertThat(cloud.server().flavor()).isEqualTo(large ? LARGE : Samples.FLAVOR);
    assertThat(cloud.vcpus(HOME)).as("never a mix").isEqualTo(large ? 4 : 1);
  }

  private List<Integer> claimed() {
    return cloud.stores().claims().of(cloud.server().id()).stream()
        .map(claim -> claim.share().vcpus())
        .sorted()
        .toList();
  }

  static Stream<Arguments> everyLostWord() {
    return Stream.of(
            Fault.ANSWER_LOST,
            Fault.CONDUCTOR_DIES_BEFORE_THE_EFFECT,
            Fault.CONDUCTOR_DIES_AFTER_THE_EFFECT)
        .flatMap(
            fault -> IntStream.range(0, QUESTIONS).mapToObj(number -> Arguments.of(fault, number)));
  }

  @ParameterizedTest
  @MethodSource("everyLostWord")
  void waits_for_a_word_whatever_is_lost_at_any_question(Fault fault, int question)
      throws Exception {
    cloud.goesWrong(fault, question);
    assertThat(resized().status()).isEqualTo(ColdStatus.FINISHED);
    is(VmState.RESIZED, true);
    assertThat(cloud.things()).containsExactlyElementsOf(BOTH);
    assertThat(claimed()).containsExactly(1, 4);
    assertThat(cloud.putAside(HOME)).as("what it was").isEqualTo(1);
    assertThat(cloud.written(HOME)).as("and wrote since").isEqualTo(2);
  }

  @ParameterizedTest
  @MethodSource("everyLostWord")
  void is_confirmed_whatever_is_lost_at_any_question(Fault fault, int question) throws Exception {
    ColdMigrationRecord _ = resized();
    cloud.goesWrong(fault, question);
    cloud.confirm();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.CONFIRMED);
    is(VmState.ACTIVE, true);
    assertThat(cloud.things()).containsExactlyElementsOf(AS_IT_WAS);
    assertThat(claimed()).containsExactly(4);
    assertThat(cloud.written(HOME)).isEqualTo(2);
  }

  @ParameterizedTest
  @MethodSource("everyLostWord")
  void is_reverted_whatever_is_lost_at_any_question(Fault fault, int question) throws Exception {
    ColdMigrationRecord _ = resized();
    cloud.goesWrong(fault, question);
    cloud.revert();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.REVERTED);
    is(VmState.ACTIVE, false);
    assertThat(cloud.things()).containsExactlyElementsOf(AS_IT_WAS);
    assertThat(claimed()).containsExactly(1);
    assertThat(cloud.written(HOME)).as("what it was, and what it writes now").isEqualTo(2);
  }

  static Stream<Class<? extends AgentRequest>> whatFails() {
    return Stream.of(
        DescribeServer.class, CheckResize.class, LetGo.class, ResizeHere.class, StartServer.class);
  }

  @ParameterizedTest
  @MethodSource("whatFails")
  void that_fails_leaves_the_server_what_it_was(Class<? extends AgentRequest> request)
      throws Exception {
    cloud.goesWrong(Fault.REFUSED, request);
    assertThat(resized().status()).isEqualTo(ColdStatus.ERROR);
    is(VmState.ACTIVE, false);
    assertThat(cloud.things()).containsExactlyElementsOf(AS_IT_WAS);
    assertThat(claimed()).containsExactly(1);
  }

  static Stream<Class<? extends AgentRequest>> whatKeepsItFromGoingBack() {
    return Stream.of(FindKept.class, StopServer.class);
  }

  @ParameterizedTest
  @MethodSource("whatKeepsItFromGoingBack")
  void that_cannot_be_reverted_waits_on(Class<? extends AgentRequest> request) throws Exception {
    ColdMigrationRecord _ = resized();
    cloud.goesWrong(Fault.REFUSED, request);
    cloud.revert();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.FINISHED);
    is(VmState.RESIZED, true);
    assertThat(cloud.things()).containsExactlyElementsOf(BOTH);
    cloud.confirm();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.CONFIRMED);
  }

  @Test
  void is_not_chosen_for_a_migration_nor_where_it_is_not_allowed() throws Exception {
    cloud.mayStay = false;
    assertThat(resized().status()).isEqualTo(ColdStatus.ERROR);
    cloud.mayStay = true;
    cloud.flavor = Optional.empty();
    assertThat(resized().status()).isEqualTo(ColdStatus.ERROR);
    is(VmState.ACTIVE, false);
    assertThat(cloud.things()).containsExactlyElementsOf(AS_IT_WAS);
  }

  @Test
  void is_chosen_where_there_is_no_other_host() throws Exception {
    ColdCloud alone = new ColdCloud(List.of(HOME));
    alone.flavor = Optional.of(LARGE);
    alone.free = List.of(HOME);
    alone.migrate(Optional.empty());
    assertThat(alone.run().status()).isEqualTo(ColdStatus.FINISHED);
    assertThat(alone.things()).containsExactlyElementsOf(BOTH);
  }

  /** Which of the two it is, only the host can say; the server is evacuated, or waits for it. */
  @ParameterizedTest
  @MethodSource
  void ends_without_a_host_that_somebody_states_to_be_down(Class<? extends AgentRequest> request)
      throws Exception {
    cloud.goesWrong(Fault.HOST_DIES, request);
    cloud.fence(HOME);
    assertThat(resized().status()).isEqualTo(ColdStatus.ERROR);
    assertThat(cloud.server().task()).isEmpty();
    assertThat(cloud.server().vmState()).isEqualTo(VmState.STOPPED);
    cloud.comesBack(HOME);
    cloud.tellHosts();
    is(VmState.STOPPED, false);
    assertThat(cloud.things()).containsExactly("claim host-1", "host-1 disks");
    assertThat(claimed()).containsExactly(1);
  }

  static Stream<Class<? extends AgentRequest>>
      ends_without_a_host_that_somebody_states_to_be_down() {
    return Stream.of(LetGo.class, ResizeHere.class, StartServer.class);
  }

  @ParameterizedTest
  @MethodSource
  void is_reverted_without_a_host_that_somebody_states_to_be_down(
      Class<? extends AgentRequest> request) throws Exception {
    ColdMigrationRecord _ = resized();
    cloud.goesWrong(Fault.HOST_DIES, request);
    cloud.fence(HOME);
    cloud.revert();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.REVERTED);
    assertThat(cloud.server().task()).isEmpty();
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ERROR);
    assertThat(cloud.server().fault().orElseThrow().failure().message())
        .isEqualTo("Host host-1 is stated to be down, and does not answer.");
    cloud.comesBack(HOME);
    cloud.tellHosts();
    is(VmState.STOPPED, false);
    assertThat(cloud.server().fault()).isEmpty();
    assertThat(cloud.putAside(HOME)).isZero();
  }

  static Stream<Class<? extends AgentRequest>>
      is_reverted_without_a_host_that_somebody_states_to_be_down() {
    return Stream.of(StopServer.class, TakeBack.class, StartServer.class);
  }

  /** It was given up, and runs as what it was to become. */
  @Test
  void is_what_it_was_also_where_its_guest_outlived_the_statement() throws Exception {
    ColdMigrationRecord _ = resized();
    cloud.goesWrong(Fault.HOST_FALLS_SILENT, FindKept.class);
    cloud.fence(HOME);
    cloud.revert();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.REVERTED);
    cloud.comesBack(HOME);
    cloud.tellHosts();
    assertThat(cloud.things()).as("ended first").doesNotContain("host-1 guest");
    cloud.tellHosts();
    is(VmState.STOPPED, false);
    assertThat(cloud.things()).containsExactly("claim host-1", "host-1 disks");
  }

  /** What is evacuated is told of by its evacuation, which keeps the disks. */
  @Test
  void is_not_taken_back_by_a_host_that_the_server_has_left_since() throws Exception {
    cloud.goesWrong(Fault.HOST_DIES, ResizeHere.class);
    cloud.fence(HOME);
    ColdMigrationRecord _ = resized();
    cloud.evacuated(AWAY);
    cloud.comesBack(HOME);
    cloud.tellHosts();
    assertThat(cloud.things()).containsExactly("claim host-2", "host-2 disks");
    assertThat(cloud.stores().evacuations().leftovers(10)).isEmpty();
  }
}
