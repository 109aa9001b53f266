package dev.tern.store;

import static dev.tern.store.Samples.FAILURE;
import static dev.tern.store.Samples.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.store.ActionStore.ActionRecord;
import dev.tern.store.EvacuationStore.EvacuationQuery;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.EvacuationStore.EvacuationStatus;
import dev.tern.store.EvacuationStore.Leftover;
import dev.tern.store.EvacuationStore.NewEvacuation;
import dev.tern.store.FenceStore.Outcome;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LeaseLostException;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.VolumeStore.VolumeStatus;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store of evacuations keeps. */
abstract class EvacuationStoreContract {
  private final Samples samples = new Samples(this::stores);
  private final HostName dead = new HostName("dead-" + UUID.randomUUID());
  private final HostName away = new HostName("away-" + UUID.randomUUID());

  abstract Stores stores();

  @BeforeEach
  void hosts_report() {
    samples.host(dead);
    samples.host(away);
  }

  private EvacuationStore evacuations() {
    return stores().evacuations();
  }

  private ServerRecord now(ServerRecord server) {
    return stores().servers().find(server.id()).orElseThrow();
  }

  private EvacuationRecord now(EvacuationRecord evacuation) {
    return evacuations().find(evacuation.id()).orElseThrow();
  }

  private ServerRecord onDeadHost() {
    ServerRecord server = samples.active(dead);
    assertThat(stores().hosts().setForcedDown(dead, true)).isTrue();
    return server;
  }

  private void comesBack(HostName host) {
    stores().pass(java.time.Duration.ofSeconds(1));
    stores().hosts().report(Samples.report(host, 2, 1));
  }

  private static NewEvacuation of(ServerRecord server, boolean leaveStopped) {
    return new NewEvacuation(UUID.randomUUID(), server.id(), Optional.empty(), leaveStopped, false);
  }

  private EvacuationRecord accepted(ServerRecord server) {
    return evacuations().request(of(server, false), request());
  }

  private EvacuationRecord arrived(ServerRecord server) {
    EvacuationRecord evacuation = accepted(server);
    Lease lease = samples.lease(server.id());
    evacuations().chosen(lease, evacuation.id(), away, samples.claim(server.id(), away));
    evacuations().ownerChanged(lease, evacuation.id());
    evacuations().done(lease, evacuation.id(), VmState.ACTIVE);
    return now(evacuation);
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ComputeException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(List.of(words)).allMatch(e.explanation()::contains);
            });
  }

  @Test
  void is_refused_while_nobody_states_that_its_host_is_down() {
    ServerRecord server = samples.active(dead);
    assertRefused(
        ErrorCode.HOST_NOT_FENCED,
        () -> accepted(server),
        "Compute service of %s is still in use.".formatted(dead));
    assertThat(now(server)).isEqualTo(server);
  }

  @Test
  void locks_the_server_with_the_next_epoch() {
    ServerRecord server = onDeadHost();
    Requested by = request();
    EvacuationRecord evacuation = evacuations().request(of(server, false), by);
    assertThat(evacuation.status()).isEqualTo(EvacuationStatus.ACCEPTED);
    assertThat(evacuation.source()).isEqualTo(dead);
    assertThat(evacuation.epoch()).isEqualTo(server.epoch() + 1);
    assertThat(now(server).task()).contains(TaskState.REBUILDING);
    assertThat(now(server).epoch()).isEqualTo(evacuation.epoch());
    assertThat(stores().actions().find(server.id(), by.request()))
        .map(ActionRecord::action)
        .contains("evacuate");
    assertThat(evacuations().ofSaga(evacuation.saga())).contains(evacuation);
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE, () -> accepted(server), "task_state rebuilding");
  }

  @Test
  void has_numbers_of_one_kind_with_live_migrations() {
    ServerRecord other = samples.active(away);
    long before = samples.accepted(other.id()).number();
    EvacuationRecord evacuation = accepted(onDeadHost());
    long after = samples.accepted(samples.active(away).id()).number();
    assertThat(evacuation.number()).isGreaterThan(before).isLessThan(after);
  }

  @Test
  void changes_owner_and_claims_in_one_go_while_the_statement_is_in_force() {
    ServerRecord server = onDeadHost();
    EvacuationRecord evacuation = accepted(server);
    Lease lease = samples.lease(server.id());
    ClaimId claim = samples.claim(server.id(), away);
    evacuations().chosen(lease, evacuation.id(), away, claim);
    assertThat(now(evacuation).status()).isEqualTo(EvacuationStatus.PRE_MIGRATING);
    assertThat(now(server).task()).contains(TaskState.REBUILD_BLOCK_DEVICE_MAPPING);
    assertThat(now(server).host()).contains(dead);

    assertThat(stores().hosts().setForcedDown(dead, false)).isTrue();
    assertRefused(
        ErrorCode.HOST_NOT_FENCED, () -> evacuations().ownerChanged(lease, evacuation.id()));
    assertThat(now(server).host()).contains(dead);
    assertThat(now(server).claim()).isEqualTo(server.claim());
    assertThat(now(evacuation).ownerChangedAt()).isEmpty();

    assertThat(stores().hosts().setForcedDown(dead, true)).isTrue();
    evacuations().ownerChanged(lease, evacuation.id());
    evacuations().ownerChanged(lease, evacuation.id());
    assertThat(now(server).host()).contains(away);
    assertThat(now(server).claim()).contains(claim);
    assertThat(now(server).task()).contains(TaskState.REBUILD_SPAWNING);
    assertThat(stores().claims().of(server.id()))
        .singleElement()
        .satisfies(held -> assertThat(held.host()).isEqualTo(away));
    evacuations().done(lease, evacuation.id(), VmState.STOPPED);
    assertThat(now(server).vmState()).isEqualTo(VmState.STOPPED);
    assertThat(now(server).task()).isEmpty();
    assertThat(now(evacuation).status()).isEqualTo(EvacuationStatus.DONE);
  }

  @Test
  void owes_its_old_host_a_word_until_that_is_told() {
    EvacuationRecord evacuation = arrived(onDeadHost());
    assertThat(evacuations().reliesOn(dead)).isTrue();
    assertThat(evacuations().owing(1_000_000)).as("it is not back").doesNotContain(evacuation);
    comesBack(dead);
    assertThat(evacuations().owing(1_000_000)).contains(evacuation);
    evacuations().settle(evacuation.id(), Outcome.LEFT, "in a directory");
    assertThat(evacuations().owing(1_000_000)).doesNotContain(now(evacuation));
    assertThat(evacuations().reliesOn(dead)).isFalse();
    assertThat(now(evacuation).status()).isEqualTo(EvacuationStatus.COMPLETED);
    assertThat(now(evacuation).outcome()).contains(Outcome.LEFT);
    assertThat(now(evacuation).said()).isEqualTo("in a directory");
  }

  @Test
  void that_fails_gives_its_claims_back_and_names_what_may_be_left() {
    ServerRecord server = onDeadHost();
    EvacuationRecord evacuation = accepted(server);
    Lease lease = samples.lease(server.id());
    evacuations().chosen(lease, evacuation.id(), away, samples.claim(server.id(), away));
    evacuations().leftBehind(lease, evacuation.id(), List.of(away));
    evacuations().failed(lease, evacuation.id(), FAILURE, true, List.of(away));
    assertThat(now(server).vmState()).isEqualTo(VmState.ERROR);
    assertThat(now(server).fault()).isPresent();
    assertThat(now(server).host()).contains(dead);
    assertThat(stores().claims().of(server.id()))
        .singleElement()
        .satisfies(held -> assertThat(held.host()).isEqualTo(dead));
    assertThat(now(evacuation).status()).isEqualTo(EvacuationStatus.ERROR);
    assertThat(now(evacuation).failure()).contains(FAILURE);
    assertThat(evacuations().leftovers(1_000_000))
        .as("it is not back")
        .noneMatch(each -> each.server().equals(server.id()));
    comesBack(away);
    List<Leftover> left =
        evacuations().leftovers(1_000_000).stream()
            .filter(each -> each.server().equals(server.id()))
            .toList();
    assertThat(left).singleElement().satisfies(each -> assertThat(each.host()).isEqualTo(away));
    evacuations().removed(left.getFirst());
    assertThat(evacuations().leftovers(1_000_000)).doesNotContainAnyElementsOf(left);
    assertThat(evacuations().reliesOn(dead)).isFalse();
    assertThat(accepted(server).leaveStopped()).as("of a server in error").isFalse();
  }

  @Test
  void that_is_not_wanted_any_more_leaves_the_server_as_it_was() {
    ServerRecord server = onDeadHost();
    EvacuationRecord evacuation = accepted(server);
    evacuations().failed(samples.lease(server.id()), evacuation.id(), FAILURE, false, List.of());
    assertThat(now(server).vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(now(server).task()).isEmpty();
    assertThat(now(server).fault()).isEmpty();
    assertThat(now(evacuation).status()).isEqualTo(EvacuationStatus.FAILED);
  }

  @Test
  void ends_what_its_dead_host_was_to_do() {
    ServerRecord server = samples.active(dead);
    Requested stop = request();
    ServerRecord _ = stores().servers().requestStop(server.id(), stop);
    Lease lease = samples.lease(server.id());
    assertThat(stores().hosts().setForcedDown(dead, true)).isTrue();
    EvacuationRecord evacuation = accepted(server);
    assertThatThrownBy(() -> stores().servers().stopped(lease, server.id()))
        .isInstanceOf(LeaseLostException.class);
    assertThat(stores().actions().find(server.id(), stop.request()).orElseThrow().message())
        .contains("Error");
    assertThat(now(server).task()).contains(TaskState.REBUILDING);
    assertThat(stores().sagas().waiting(1_000_000)).contains(evacuation.saga());
  }

  @Test
  void gives_up_a_volume_that_was_to_be_plugged_in_at_the_dead_host() {
    ServerRecord server = samples.active(dead);
    VolumeRef volume =
        new VolumeRef(
            UUID.randomUUID(), new VolumeAddress("storage", 10_809, UUID.randomUUID().toString()));
    var _ = stores().volumes().requestAttach(server.id(), volume, request());
    assertThat(stores().hosts().setForcedDown(dead, true)).isTrue();
    var _ = accepted(server);
    assertThat(stores().volumes().find(volume.id()).orElseThrow().status())
        .isEqualTo(VolumeStatus.FAILED);
  }

  @Test
  void waits_for_nobody_who_migrates_or_deletes_the_server() {
    ServerRecord migrating = onDeadHost();
    String migration = samples.accepted(migrating.id()).id().toString();
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE,
        () -> accepted(migrating),
        "task_state migrating",
        "resolve migration " + migration);
    ServerRecord deleting = onDeadHost();
    ServerRecord _ = stores().servers().requestDelete(deleting.id(), request());
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE, () -> accepted(deleting), "task_state deleting");
  }

  @Test
  void is_listed_by_what_it_is_newest_first() {
    EvacuationRecord first = arrived(onDeadHost());
    EvacuationRecord second = accepted(onDeadHost());
    assertThat(listed(Optional.of(dead), Optional.empty(), Optional.empty()))
        .containsExactly(second, first);
    assertThat(listed(Optional.of(away), Optional.empty(), Optional.empty()))
        .containsExactly(first);
    assertThat(listed(Optional.of(dead), Optional.of(EvacuationStatus.DONE), Optional.empty()))
        .containsExactly(first);
    assertThat(listed(Optional.of(dead), Optional.empty(), Optional.of(second.number())))
        .containsExactly(first);
  }

  private List<EvacuationRecord> listed(
      Optional<HostName> host, Optional<EvacuationStatus> status, Optional<Long> before) {
    return evacuations()
        .list(
            new EvacuationQuery(
                Optional.empty(),
                host,
                Optional.empty(),
                status,
                Optional.of("ursula"),
                Optional.of("sea"),
                Optional.empty(),
                before,
                10));
  }

  @Test
  void leaves_a_server_stopped_that_was_or_when_that_is_asked_for() {
    assertThat(evacuations().request(of(onDeadHost(), true), request()).leaveStopped()).isTrue();
    assertThat(accepted(onDeadHost()).leaveStopped()).isFalse();
    ServerRecord stopped = onDeadHost();
    ServerRecord _ = stores().servers().requestStop(stopped.id(), request());
    stores().servers().stopped(samples.lease(stopped.id()), stopped.id());
    assertThat(accepted(stopped).leaveStopped()).isTrue();
  }
}
