package dev.tern.conductor.cold;

import static dev.tern.conductor.fake.ColdCloud.AWAY;
import static dev.tern.conductor.fake.ColdCloud.HOME;
import static dev.tern.conductor.fake.ColdCloud.THIRD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.ColdCloud;
import dev.tern.conductor.fake.ColdCloud.Fault;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AgreeOnKey;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.DescribeServer;
import dev.tern.contract.agent.AgentRequest.DigestFiles;
import dev.tern.contract.agent.AgentRequest.GatherLayers;
import dev.tern.contract.agent.AgentRequest.LandServer;
import dev.tern.contract.agent.AgentRequest.LeaveServer;
import dev.tern.contract.agent.AgentRequest.LetGo;
import dev.tern.contract.agent.AgentRequest.ReceiveFiles;
import dev.tern.contract.agent.AgentRequest.SendFiles;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.TakeBack;
import dev.tern.store.ActionStore.EventRecord;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.ColdStatus;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.Samples;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("A cold migration")
class ColdMigrationSagaTest {
  private static final List<String> AT_HOME =
      List.of("claim host-1", "host-1 disks", "host-1 guest");
  private static final List<String> MOVED =
      List.of(
          "claim host-1",
          "claim host-2",
          "host-1 disks",
          "host-1 kept",
          "host-2 disks",
          "host-2 guest");
  private static final List<String> AWAY_FOR_GOOD =
      List.of("claim host-2", "host-2 disks", "host-2 guest");

  /** More than any of the stories asks. */
  private static final int QUESTIONS = 24;

  private static final FlavorRecord LARGE =
      new FlavorRecord("l", "large", 4, 512, 20, 0, 0, true, Map.of(), Optional.empty());

  private final ColdCloud cloud = new ColdCloud();

  /** What is asked for is a resize. */
  private void resizes(boolean whether) {
    cloud.flavor = whether ? Optional.of(LARGE) : Optional.empty();
  }

  /** The database and the host agree on what the server is: never a mix. */
  private void isLarge(HostName host, boolean whether) {
    assertThat(cloud.server().flavor()).isEqualTo(whether ? LARGE : Samples.FLAVOR);
    assertThat(cloud.vcpus(host)).isEqualTo(whether ? 4 : 1);
  }

  private ColdMigrationRecord migrated() throws InterruptedException {
    cloud.migrate(Optional.empty());
    return cloud.run();
  }

  private void waitsAt(HostName host) {
    assertThat(cloud.server().host()).contains(host);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.RESIZED);
    assertThat(cloud.server().power()).isEqualTo(PowerState.RUNNING);
    assertThat(cloud.server().task()).isEmpty();
    assertThat(cloud.migration().status()).isEqualTo(ColdStatus.FINISHED);
  }

  private void isActiveAt(HostName host) {
    assertThat(cloud.server().host()).contains(host);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(cloud.server().power()).isEqualTo(PowerState.RUNNING);
    assertThat(cloud.server().task()).isEmpty();
  }

  @Test
  void brings_the_server_to_another_host_and_keeps_what_it_left() throws Exception {
    ColdMigrationRecord migration = migrated();
    waitsAt(AWAY);
    assertThat(cloud.things()).containsExactlyElementsOf(MOVED);
    assertThat(cloud.written(HOME)).as("as it was").isEqualTo(1);
    assertThat(cloud.written(AWAY)).as("and what the guest wrote since").isEqualTo(2);
    assertThat(
            cloud
                .stores()
                .actions()
                .find(cloud.server().id(), migration.request())
                .orElseThrow()
                .events())
        .extracting(EventRecord::event)
        .containsExactlyInAnyOrder(
            "cold_migrate",
            "compute_prep_resize",
            "compute_resize_instance",
            "compute_finish_resize");
  }

  @Test
  @Tag("S124")
  void to_another_flavor_claims_both_sizes_until_somebody_has_spoken() throws Exception {
    resizes(true);
    ColdMigrationRecord _ = migrated();
    waitsAt(AWAY);
    isLarge(AWAY, true);
    assertThat(cloud.stores().claims().of(cloud.server().id()))
        .extracting(claim -> claim.host() + " " + claim.share().vcpus())
        .containsExactlyInAnyOrder("host-1 1", "host-2 4");
    assertThat(cloud.server().flavor()).isEqualTo(LARGE);
    cloud.confirm();
    ColdMigrationRecord _ = cloud.run();
    isLarge(AWAY, true);
    assertThat(cloud.things()).containsExactlyElementsOf(AWAY_FOR_GOOD);
  }

  @ParameterizedTest
  @MethodSource("whatFails")
  void to_another_flavor_that_fails_leaves_the_server_what_it_was(
      Class<? extends AgentRequest> request) throws Exception {
    resizes(true);
    cloud.goesWrong(Fault.REFUSED, request);
    assertThat(migrated().status()).isEqualTo(ColdStatus.ERROR);
    isActiveAt(HOME);
    isLarge(HOME, false);
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
  }

  @Test
  void of_a_stopped_server_starts_no_guest_anywhere() throws Exception {
    cloud.isStopped();
    ColdMigrationRecord _ = migrated();
    assertThat(cloud.server().power()).isEqualTo(PowerState.SHUTDOWN);
    assertThat(cloud.things()).doesNotContain("host-1 guest", "host-2 guest");
    cloud.confirm();
    ColdMigrationRecord _ = cloud.run();
    assertThat(cloud.server().vmState()).isEqualTo(VmState.STOPPED);
    assertThat(cloud.things()).containsExactly("claim host-2", "host-2 disks");
  }

  @Test
  void goes_to_the_host_that_was_asked_for_or_nowhere() throws Exception {
    cloud.migrate(Optional.of(THIRD));
    ColdMigrationRecord _ = cloud.run();
    waitsAt(THIRD);
    cloud.revert();
    ColdMigrationRecord _ = cloud.run();
    cloud.free = List.of(AWAY);
    cloud.migrate(Optional.of(THIRD));
    assertThat(cloud.run().failure().orElseThrow().code()).isEqualTo(ErrorCode.NO_VALID_HOST);
    isActiveAt(HOME);
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
  }

  static Stream<Arguments> everyLostWord() {
    return Stream.of(
            Fault.ANSWER_LOST,
            Fault.CONDUCTOR_DIES_BEFORE_THE_EFFECT,
            Fault.CONDUCTOR_DIES_AFTER_THE_EFFECT)
        .flatMap(fault ->
            IntStream.range(0, QUESTIONS)
                .boxed()
                .flatMap(number ->
                    Stream.of(false, true).map(resize -> Arguments.of(fault, number, resize))));
  }

  @ParameterizedTest
  @MethodSource("everyLostWord")
  @Tag("S120")
  void goes_on_whatever_is_lost_at_any_question(Fault fault, int question, boolean resize)
      throws Exception {
    resizes(resize);
    cloud.goesWrong(fault, question);
    ColdMigrationRecord _ = migrated();
    waitsAt(AWAY);
    assertThat(cloud.things()).containsExactlyElementsOf(MOVED);
    assertThat(cloud.written(HOME)).isEqualTo(1);
    assertThat(cloud.written(AWAY)).isEqualTo(2);
    isLarge(AWAY, resize);
  }

  @ParameterizedTest
  @MethodSource("everyLostWord")
  @Tag("S120")
  void is_confirmed_whatever_is_lost_at_any_question(Fault fault, int question, boolean resize)
      throws Exception {
    resizes(resize);
    ColdMigrationRecord _ = migrated();
    cloud.goesWrong(fault, question);
    cloud.confirm();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.CONFIRMED);
    isActiveAt(AWAY);
    assertThat(cloud.things()).containsExactlyElementsOf(AWAY_FOR_GOOD);
    assertThat(cloud.written(AWAY)).isEqualTo(2);
    isLarge(AWAY, resize);
  }

  @ParameterizedTest
  @MethodSource("everyLostWord")
  @Tag("S120")
  void is_reverted_whatever_is_lost_at_any_question(Fault fault, int question, boolean resize)
      throws Exception {
    resizes(resize);
    ColdMigrationRecord _ = migrated();
    cloud.goesWrong(fault, question);
    cloud.revert();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.REVERTED);
    isActiveAt(HOME);
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
    assertThat(cloud.written(HOME)).as("what it left, and what it writes now").isEqualTo(2);
    isLarge(HOME, false);
  }

  static Stream<Class<? extends AgentRequest>> whatFails() {
    return Stream.of(
        DescribeServer.class,
        GatherLayers.class,
        LetGo.class,
        DigestFiles.class,
        ReceiveFiles.class,
        SendFiles.class,
        LandServer.class,
        StartServer.class);
  }

  @ParameterizedTest
  @MethodSource("whatFails")
  void that_fails_leaves_the_server_at_home_and_nothing_elsewhere(
      Class<? extends AgentRequest> request) throws Exception {
    cloud.goesWrong(Fault.REFUSED, request);
    ColdMigrationRecord migration = migrated();
    assertThat(migration.status()).isEqualTo(ColdStatus.ERROR);
    assertThat(migration.failure().orElseThrow().message()).isEqualTo("It broke.");
    isActiveAt(HOME);
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
  }

  @ParameterizedTest
  @MethodSource
  void goes_to_another_host_when_one_is_not_fit(Fault fault, Class<? extends AgentRequest> request)
      throws Exception {
    cloud.goesWrong(fault, request);
    ColdMigrationRecord _ = migrated();
    waitsAt(THIRD);
    cloud.comesBack(AWAY);
    cloud.confirm();
    ColdMigrationRecord _ = cloud.run();
    cloud.tellHosts();
    assertThat(cloud.things()).containsExactly("claim host-3", "host-3 disks", "host-3 guest");
  }

  static Stream<Arguments> goes_to_another_host_when_one_is_not_fit() {
    return Stream.of(Fault.REFUSED, Fault.HOST_DIES)
        .flatMap(fault ->
            Stream.of(CheckDestination.class, AgreeOnKey.class)
                .map(request -> Arguments.of(fault, request)));
  }

  @Test
  void whose_destination_dies_leaves_the_server_at_home_and_the_host_to_be_told() throws Exception {
    cloud.goesWrong(Fault.HOST_DIES, LandServer.class);
    assertThat(migrated().status()).isEqualTo(ColdStatus.ERROR);
    isActiveAt(HOME);
    assertThat(cloud.things()).contains("host-2 disks").doesNotContain("claim host-2");
    cloud.comesBack(AWAY);
    cloud.tellHosts();
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
  }

  @Test
  void whose_destination_dies_at_the_start_comes_home_once_somebody_states_that_it_is_down()
      throws Exception {
    cloud.goesWrong(Fault.HOST_DIES, StartServer.class);
    cloud.fence(AWAY);
    assertThat(migrated().status()).isEqualTo(ColdStatus.ERROR);
    isActiveAt(HOME);
    cloud.comesBack(AWAY);
    cloud.tellHosts();
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
  }

  /** It has let the server go: nobody else can start it, and the host itself must be told to. */
  @ParameterizedTest
  @MethodSource
  void whose_source_is_lost_for_good_ends_and_the_host_has_the_server_again_if_it_is_back(
      Class<? extends AgentRequest> request) throws Exception {
    cloud.goesWrong(Fault.HOST_DIES, request);
    cloud.fence(HOME);
    assertThat(migrated().status()).isEqualTo(ColdStatus.ERROR);
    assertThat(cloud.server().host()).contains(HOME);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.STOPPED);
    assertThat(cloud.server().task()).as("it may be evacuated").isEmpty();
    cloud.comesBack(HOME);
    cloud.tellHosts();
    assertThat(cloud.things()).containsExactly("claim host-1", "host-1 disks");
    assertThat(cloud.stores().evacuations().leftovers(10)).isEmpty();
  }

  static Stream<Class<? extends AgentRequest>>
      whose_source_is_lost_for_good_ends_and_the_host_has_the_server_again_if_it_is_back() {
    return Stream.of(LetGo.class, DigestFiles.class, SendFiles.class);
  }

  @Test
  void whose_guest_outlived_a_statement_that_its_host_is_down_has_it_running() throws Exception {
    cloud.goesWrong(Fault.HOST_FALLS_SILENT, AgentRequest.SendLayers.class);
    cloud.fence(HOME);
    assertThat(migrated().status()).isEqualTo(ColdStatus.ERROR);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.STOPPED);
    cloud.comesBack(HOME);
    cloud.tellHosts();
    isActiveAt(HOME);
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
  }

  @Test
  void sends_again_what_a_dying_agent_lost() throws Exception {
    cloud.losesWhatCame();
    ColdMigrationRecord _ = migrated();
    waitsAt(AWAY);
    assertThat(cloud.things()).containsExactlyElementsOf(MOVED);
  }

  @Test
  void is_not_confirmed_while_its_destination_does_not_have_the_server() throws Exception {
    ColdMigrationRecord _ = migrated();
    cloud.forgets(AWAY);
    cloud.confirm();
    ColdMigrationRecord _ = cloud.run();
    waitsAt(AWAY);
    assertThat(cloud.things()).contains("host-1 disks", "claim host-1");
    cloud.revert();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.REVERTED);
    isActiveAt(HOME);
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
  }

  @Test
  void is_confirmed_without_its_source_which_is_told_when_it_is_back() throws Exception {
    ColdMigrationRecord _ = migrated();
    cloud.goesWrong(Fault.HOST_DIES, LeaveServer.class);
    cloud.dies(HOME);
    cloud.confirm();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.CONFIRMED);
    isActiveAt(AWAY);
    cloud.comesBack(HOME);
    cloud.tellHosts();
    assertThat(cloud.things()).containsExactlyElementsOf(AWAY_FOR_GOOD);
  }

  @ParameterizedTest
  @MethodSource
  void that_cannot_be_reverted_goes_on_where_it_is(Class<? extends AgentRequest> request)
      throws Exception {
    ColdMigrationRecord _ = migrated();
    cloud.goesWrong(Fault.REFUSED, request);
    cloud.revert();
    ColdMigrationRecord _ = cloud.run();
    waitsAt(AWAY);
    assertThat(cloud.things()).containsExactlyElementsOf(MOVED);
    cloud.confirm();
    ColdMigrationRecord _ = cloud.run();
    assertThat(cloud.things()).containsExactlyElementsOf(AWAY_FOR_GOOD);
  }

  static Stream<Class<? extends AgentRequest>> that_cannot_be_reverted_goes_on_where_it_is() {
    return Stream.of(AgentRequest.AskGuest.class, StopServer.class, TakeBack.class);
  }

  @Test
  void is_not_reverted_while_its_source_does_not_have_the_server() throws Exception {
    ColdMigrationRecord _ = migrated();
    cloud.forgets(HOME);
    cloud.revert();
    ColdMigrationRecord _ = cloud.run();
    waitsAt(AWAY);
    assertThat(cloud.things()).contains("host-2 guest");
  }

  @Test
  void is_reverted_from_a_dead_host_only_once_somebody_states_that_it_is_down() throws Exception {
    ColdMigrationRecord _ = migrated();
    cloud.dies(AWAY);
    cloud.fence(AWAY);
    cloud.revert();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.REVERTED);
    isActiveAt(HOME);
    cloud.comesBack(AWAY);
    cloud.tellHosts();
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
  }

  @Test
  void that_is_reverted_to_a_guest_that_does_not_start_is_an_error_that_says_why()
      throws Exception {
    ColdMigrationRecord _ = migrated();
    cloud.goesWrong(Fault.REFUSED, StartServer.class);
    cloud.revert();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.REVERTED);
    assertThat(cloud.server().vmState()).isEqualTo(VmState.ERROR);
    assertThat(cloud.server().fault().orElseThrow().failure().message()).isEqualTo("It broke.");
    assertThat(cloud.things()).containsExactly("claim host-1", "host-1 disks");
  }

  @Test
  void is_confirmed_by_itself_once_nobody_has_spoken_for_long_enough() throws Exception {
    ColdMigrationRecord _ = migrated();
    cloud.lookWhetherToConfirm(Duration.ZERO);
    cloud.lookWhetherToConfirm(Duration.ofHours(1));
    waitsAt(AWAY);
    cloud.pass(Duration.ofHours(1));
    cloud.lookWhetherToConfirm(Duration.ofHours(1));
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.CONFIRMED);
    assertThat(cloud.things()).containsExactlyElementsOf(AWAY_FOR_GOOD);
    cloud.lookWhetherToConfirm(Duration.ofHours(1));
    isActiveAt(AWAY);
  }

  @Test
  void goes_there_and_back_and_there_again() throws Exception {
    ColdMigrationRecord _ = migrated();
    cloud.revert();
    ColdMigrationRecord _ = cloud.run();
    ColdMigrationRecord _ = migrated();
    waitsAt(AWAY);
    cloud.confirm();
    ColdMigrationRecord _ = cloud.run();
    cloud.free = List.of(HOME);
    cloud.migrate(Optional.empty());
    ColdMigrationRecord _ = cloud.run();
    waitsAt(HOME);
  }

  @Test
  @Tag("S161")
  void whose_share_changes_tells_its_source_while_it_sends() throws InterruptedException {
    cloud.migrate(Optional.empty());
    cloud.whileItSends =
        List.of(
            () -> cloud.shares(Optional.of(3_000_000L)),
            () -> {},
            () -> cloud.shares(Optional.of(1_000_000L)),
            () -> cloud.shares(Optional.empty()));
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.FINISHED);
    assertThat(cloud.rates).containsExactly(3_000_000L, 3_000_000L, 1_000_000L, 0L);
  }

  @Test
  void waits_for_its_turn_with_its_guest_running() throws InterruptedException {
    cloud.migrate(Optional.empty());
    cloud.othersLeave(HOME);
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.PRE_MIGRATING);
    assertThat(cloud.things()).contains("host-1 guest", "claim host-2");
    cloud.othersHaveLeft();
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.FINISHED);
    assertThat(cloud.things()).containsExactlyElementsOf(MOVED);
  }

  @Test
  void that_waits_for_its_turn_ends_at_once_when_its_server_is_to_be_deleted() throws Exception {
    cloud.migrate(Optional.empty());
    cloud.othersLeave(HOME);
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.PRE_MIGRATING);
    var _ = cloud.stores().servers().requestDelete(cloud.server().id(), Samples.request());
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.ERROR);
    assertThat(cloud.things()).as("the deleting is next").containsExactlyElementsOf(AT_HOME);
  }

  /** It may have neither heard of the key nor keep it: nothing is waited for. */
  @Test
  void whose_source_does_not_answer_while_it_prepares_comes_to_nothing_without_it()
      throws InterruptedException {
    cloud.migrate(Optional.empty());
    cloud.othersLeave(HOME);
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.PRE_MIGRATING);
    cloud.dies(HOME);
    var _ = cloud.stores().servers().requestDelete(cloud.server().id(), Samples.request());
    assertThat(cloud.run().status()).isEqualTo(ColdStatus.ERROR);
    assertThat(cloud.server().host()).contains(HOME);
    assertThat(cloud.things()).doesNotContain("claim host-2", "host-2 room", "host-2 key");
  }
}
