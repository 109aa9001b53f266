package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.Compression;
import dev.tern.contract.move.DiskPlace;
import dev.tern.contract.move.PolicyParts;
import dev.tern.contract.move.StreamParts;
import dev.tern.store.ActionStore.ActionRecord;
import dev.tern.store.ActionStore.EventRecord;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.MigrationFigures.Foreseen;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.MigrationStore.Wishes;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LeaseLostException;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What every {@link MigrationStore} keeps, real or in memory. */
abstract class MigrationStoreContract {
  abstract Stores stores();

  private final Samples samples = new Samples(this::stores);
  private final HostName home = new HostName("home-" + UUID.randomUUID());
  private final HostName away = new HostName("away-" + UUID.randomUUID());

  @BeforeEach
  void hosts_report() {
    samples.host(home);
    samples.host(away);
  }

  private ServerRecord server(ServerId id) {
    return stores().servers().find(id).orElseThrow();
  }

  private MigrationRecord migration(MigrationId id) {
    return stores().migrations().find(id).orElseThrow();
  }

  private List<HostName> hostsClaimed(ServerId server) {
    return stores().claims().of(server).stream().map(ClaimRecord::host).toList();
  }

  @Test
  @Tag("S113")
  void is_refused_unless_the_server_is_active() {
    ServerRecord building =
        stores().servers().requestCreate(Samples.server("new", "sea"), Samples.request());
    assertThatThrownBy(() -> samples.accepted(building.id()))
        .isInstanceOf(ComputeException.class)
        .hasMessage(
            "Cannot 'os-migrateLive' instance %s while it is in vm_state building", building.id())
        .extracting(e -> ((ComputeException) e).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
  }

  @Test
  @Tag("S114")
  void is_refused_while_another_runs() {
    ServerRecord guest = samples.active(home);
    samples.accepted(guest.id());
    assertThatThrownBy(() -> samples.accepted(guest.id()))
        .hasMessage(
            "Cannot 'os-migrateLive' instance %s while it is in task_state migrating", guest.id());
  }

  @Test
  void of_an_unknown_server_is_refused() {
    ServerId nobody = new ServerId(UUID.randomUUID());
    assertThatThrownBy(() -> samples.accepted(nobody))
        .hasMessage("Instance %s could not be found.", nobody);
  }

  @Test
  void locks_the_server_and_raises_its_epoch() {
    ServerRecord guest = samples.active(home);
    MigrationRecord accepted = samples.accepted(guest.id());
    assertThat(accepted.status()).isEqualTo(MigrationStatus.ACCEPTED);
    assertThat(accepted.source()).isEqualTo(home);
    assertThat(accepted.checked()).isFalse();
    assertThat(accepted.epoch()).isEqualTo(guest.epoch() + 1);
    assertThat(server(guest.id()).epoch()).isEqualTo(accepted.epoch());
    assertThat(server(guest.id()).task()).contains(TaskState.MIGRATING);
    assertThat(migration(accepted.id())).isEqualTo(accepted);
    assertThat(stores().migrations().find(guest.id(), accepted.number())).contains(accepted);
  }

  @Test
  void moves_owner_and_claims_and_ends() {
    ServerRecord guest = samples.active(home);
    Requested by = Samples.request();
    MigrationRecord accepted =
        stores().migrations().requestLiveMigration(Samples.migration(guest.id()), by);
    MigrationId id = accepted.id();
    Lease lease = samples.lease(guest.id());
    ClaimId claim = samples.claim(guest.id(), away);
    stores().migrations().planned(lease, id, away, claim, 1000);
    assertThat(migration(id).checked()).isTrue();
    stores().migrations().entered(lease, id, MigrationStatus.RUNNING, Phase.PERFORM);
    assertThat(hostsClaimed(guest.id())).containsExactlyInAnyOrder(home, away);

    stores().actions().begin(guest.id(), by.request(), "compute_live_migration", Optional.of(home));
    stores().migrations().ownerChanged(lease, id, Samples.PAUSE);
    assertThat(server(guest.id()).host()).contains(away);
    assertThat(server(guest.id()).claim()).contains(claim);
    assertThat(server(guest.id()).task()).contains(TaskState.MIGRATING);
    assertThat(hostsClaimed(guest.id())).containsExactlyInAnyOrder(home, away);

    stores().migrations().completed(lease, id);
    ServerRecord moved = server(guest.id());
    assertThat(moved.vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(moved.task()).isEmpty();
    assertThat(moved.progress()).isZero();
    assertThat(hostsClaimed(guest.id())).containsExactly(away);
    assertThat(migration(id).status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(migration(id).pause()).contains(Duration.ofMillis(123));
    assertThat(migration(id).endedAt()).isPresent();
    ActionRecord action = stores().actions().find(guest.id(), by.request()).orElseThrow();
    assertThat(action.action()).isEqualTo("live-migration");
    assertThat(action.message()).isEmpty();
    assertThat(action.events().getFirst().result()).contains("Success");
    assertThatThrownBy(() -> stores().migrations().completed(lease, id))
        .isInstanceOf(LeaseLostException.class);
  }

  @Test
  void that_rolls_back_leaves_the_server_as_it_was() {
    ServerRecord guest = samples.active(home);
    Requested by = Samples.request();
    MigrationRecord accepted =
        stores().migrations().requestLiveMigration(Samples.migration(guest.id()), by);
    Lease lease = samples.lease(guest.id());
    ClaimId claim = samples.claim(guest.id(), away);
    stores().migrations().planned(lease, accepted.id(), away, claim, 1000);
    stores().actions().begin(guest.id(), by.request(), "compute_live_migration", Optional.of(home));
    stores().migrations().rolledBack(lease, accepted.id(), MigrationStatus.FAILED, Samples.FAILURE);
    assertThat(server(guest.id()).host()).contains(home);
    assertThat(server(guest.id()).vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(server(guest.id()).task()).isEmpty();
    assertThat(server(guest.id()).claim()).isEqualTo(guest.claim());
    assertThat(hostsClaimed(guest.id())).containsExactly(home);
    assertThat(migration(accepted.id()).failure()).contains(Samples.FAILURE);
    ActionRecord action = stores().actions().find(guest.id(), by.request()).orElseThrow();
    assertThat(action.message()).contains("Error");
    assertThat(action.events().getFirst().result()).contains("Error");
    assertThat(action.events().getFirst().details()).contains(Samples.FAILURE.message());
    assertThat(stores().sagas().waiting(1000)).doesNotContain(accepted.saga());
  }

  @Test
  void whose_guest_is_lost_leaves_the_server_in_error() {
    ServerRecord guest = samples.active(home);
    MigrationRecord accepted = samples.accepted(guest.id());
    Lease lease = samples.lease(guest.id());
    ClaimId claim = samples.claim(guest.id(), away);
    stores().migrations().planned(lease, accepted.id(), away, claim, 1000);
    stores().migrations().guestLost(lease, accepted.id(), Samples.FAILURE, Samples.FAILURE);
    assertThat(server(guest.id()).vmState()).isEqualTo(VmState.ERROR);
    assertThat(server(guest.id()).fault().orElseThrow().failure()).isEqualTo(Samples.FAILURE);
    assertThat(migration(accepted.id()).status()).isEqualTo(MigrationStatus.ERROR);
    assertThat(hostsClaimed(guest.id())).containsExactly(home);
  }

  @Test
  void is_not_written_under_an_older_lease() {
    ServerRecord guest = samples.active(home);
    MigrationRecord accepted = samples.accepted(guest.id());
    Lease old = samples.lease(guest.id());
    stores().pass(Samples.LEASE.plusSeconds(1));
    Lease current = samples.lease(guest.id());
    assertThat(current.token()).isGreaterThan(old.token());
    ClaimId claim = samples.claim(guest.id(), away);
    assertThatThrownBy(() -> stores().migrations().planned(old, accepted.id(), away, claim, 1))
        .isInstanceOf(LeaseLostException.class);
    assertThat(migration(accepted.id()).destination()).isEmpty();
    stores().migrations().planned(current, accepted.id(), away, claim, 1);
    assertThat(migration(accepted.id()).destination()).contains(away);
  }

  @Test
  void is_not_planned_onto_a_claim_that_is_not_held() {
    ServerRecord guest = samples.active(home);
    MigrationRecord accepted = samples.accepted(guest.id());
    Lease lease = samples.lease(guest.id());
    ClaimId claim = samples.claim(guest.id(), away);
    stores().claims().release(claim);
    assertThatThrownBy(() -> stores().migrations().planned(lease, accepted.id(), away, claim, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("not held");
  }

  @Test
  void shows_progress_that_never_falls_and_stops_at_the_end() {
    ServerRecord guest = samples.active(home);
    MigrationRecord accepted = samples.accepted(guest.id());
    Lease lease = samples.lease(guest.id());
    MigrationId id = accepted.id();
    stores().migrations().progress(Samples.progress(id, 1000, 600, 50, 20));
    stores().migrations().progress(Samples.progress(id, 1000, 500, 50, 10));
    assertThat(migration(id).memoryProcessed()).isEqualTo(600);
    assertThat(migration(id).memoryRemaining()).isEqualTo(400);
    assertThat(migration(id).diskProcessed()).isEqualTo(20);
    assertThat(server(guest.id()).progress()).isEqualTo(59);
    stores().migrations().rolledBack(lease, id, MigrationStatus.CANCELLED, Samples.FAILURE);
    assertThat(stores().migrations().progress(Samples.progress(id, 1000, 900, 50, 50))).isTrue();
    MigrationId nobodys = new MigrationId(UUID.randomUUID());
    assertThat(stores().migrations().progress(Samples.progress(nobodys, 1, 1, 1, 1))).isFalse();
    assertThat(migration(id).memoryProcessed()).isEqualTo(600);
    assertThat(server(guest.id()).progress()).isZero();
  }

  @Test
  @Tag("S44")
  @Tag("S123")
  void keeps_what_was_foreseen_beside_what_was_measured() {
    ServerRecord guest = samples.active(home);
    MigrationId id = samples.accepted(guest.id()).id();
    Lease lease = samples.lease(guest.id());
    assertThat(migration(id).figures()).isEqualTo(MigrationFigures.NONE);
    stores().migrations().planned(lease, id, away, samples.claim(guest.id(), away), 50);
    Forecast plan = Forecast.unknown("nothing was measured yet");
    stores().migrations().foreseen(lease, id, plan);
    stores().migrations().progress(told(id, 600, 3_000, Duration.ofSeconds(3)));
    // Late, and older than what is known; its highest figures count all the same.
    stores().migrations().progress(told(id, 300, 2_000, Duration.ofSeconds(9)));

    MigrationFigures moving = migration(id).figures();
    assertThat(moving.permille()).isEqualTo(600);
    assertThat(moving.detail()).contains(Samples.detail(3_000, Duration.ofSeconds(3)));
    assertThat(moving.throttled()).isEqualTo(Duration.ofSeconds(9));
    assertThat(moving.planned().map(Foreseen::forecast)).contains(plan);
    assertThat(moving.last().map(Foreseen::forecast))
        .contains(Samples.detail(3_000, Duration.ZERO).forecast());
    assertThat(moving.pause()).isEmpty();
    assertThat(server(guest.id()).progress()).isEqualTo(60);

    stores().migrations().progress(told(id, 1_000_000, 4_000, Duration.ZERO));
    assertThat(migration(id).figures().permille()).as("sent is not arrived").isEqualTo(999);
    stores().migrations().ownerChanged(lease, id, Samples.PAUSE);
    stores().migrations().completed(lease, id);

    MigrationFigures ended = migration(id).figures();
    assertThat(ended.permille()).isEqualTo(1_000);
    assertThat(ended.pause()).contains(Samples.PAUSE);
    assertThat(ended.planned().map(Foreseen::forecast)).contains(plan);
  }

  @Test
  @Tag("S65")
  @Tag("S74")
  @Tag("S75")
  @Tag("S128")
  void keeps_how_disks_are_to_move_and_what_was_planned_for_them() {
    ServerRecord guest = samples.active(home);
    Map<String, Way> ways = Map.of("disk0", Way.CHAIN, "disk1", Way.FULL);
    Map<String, DiskPlace> places =
        Map.of(
            "disk0",
            new DiskPlace(Optional.of("fast"), Optional.empty()),
            "disk1",
            new DiskPlace(Optional.empty(), Optional.of("other")));
    NewMigration asked =
        new NewMigration(
            new MigrationId(UUID.randomUUID()),
            guest.id(),
            Optional.empty(),
            BlockMigration.AUTO,
            Optional.empty(),
            PolicyParts.NONE,
            StreamParts.NONE,
            Optional.of(ways),
            places);
    MigrationId id = stores().migrations().requestLiveMigration(asked, Samples.request()).id();
    Lease lease = samples.lease(guest.id());
    assertThat(migration(id).wishes().disks()).contains(ways);
    assertThat(migration(id).wishes().places()).isEqualTo(places);
    assertThat(migration(id).figures().disks()).isEmpty();
    stores().migrations().disksPlanned(lease, id, Samples.DISK_PLAN);
    stores()
        .migrations()
        .planned(lease, id, away, samples.claim(guest.id(), away), Samples.DISK_PLAN.bytesToSend());
    assertThat(migration(id).diskTotal()).isEqualTo(10 + 20 + 30);
    stores().migrations().requestPolicy(id, PolicyParts.NONE, Samples.request());
    stores().migrations().ownerChanged(lease, id, Samples.PAUSE);
    stores().migrations().completed(lease, id);
    assertThat(migration(id).wishes().disks()).contains(ways);
    assertThat(migration(id).wishes().places()).isEqualTo(places);
    assertThat(migration(id).figures().disks()).contains(Samples.DISK_PLAN);
  }

  private static MigrationProgress told(MigrationId id, int permille, long at, Duration throttled) {
    return new MigrationProgress(
        id, 1_000, 400, 600, 50, 20, 30, permille, Samples.detail(at, throttled));
  }

  /** Two agents one after the other, steps begun again, messages in any order. */
  @RepeatedTest(3)
  void shows_one_figure_that_never_falls_whatever_is_told() {
    ServerRecord guest = samples.active(home);
    MigrationId id = samples.accepted(guest.id()).id();
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int before = 0;
    for (int i = 0; i < 25; i++) {
      int permille = random.nextInt(-10, 1_100);
      stores()
          .migrations()
          .progress(told(id, permille, random.nextInt(1_000), Duration.ofMillis(i)));
      int now = migration(id).figures().permille();
      assertThat(now).as("seed %d", seed).isBetween(before, 999);
      assertThat(server(guest.id()).progress()).as("seed %d", seed).isEqualTo(now / 10);
      before = now;
    }
  }

  @Test
  void that_is_planned_has_all_its_memory_still_to_move_until_qemu_moves_some() {
    ServerRecord guest = samples.active(home);
    MigrationRecord accepted = samples.accepted(guest.id());
    Lease lease = samples.lease(guest.id());
    MigrationId id = accepted.id();
    stores().migrations().planned(lease, id, away, samples.claim(guest.id(), away), 50);
    stores().migrations().progress(Samples.progress(id, 0, 0, 50, 20));
    assertThat(migration(id).memoryTotal()).isEqualTo(guest.flavor().memoryMib() << 20);
    assertThat(migration(id).memoryRemaining()).isEqualTo(guest.flavor().memoryMib() << 20);
    assertThat(server(guest.id()).progress()).isEqualTo(40);
  }

  @Test
  void that_its_user_aborts_is_seen_by_its_saga() {
    ServerRecord guest = samples.active(home);
    MigrationRecord accepted = samples.accepted(guest.id());
    Lease lease = samples.lease(guest.id());
    assertThat(stores().sagas().renewAndSeeAbort(lease)).isFalse();
    Requested by = Samples.request();
    stores().migrations().requestAbort(guest.id(), accepted.number(), by);
    assertThat(stores().sagas().renewAndSeeAbort(lease)).isTrue();
    assertThat(stores().actions().find(guest.id(), by.request()).orElseThrow().action())
        .isEqualTo("live_migration_cancel");
    EventRecord abort = abort(guest.id(), by);
    assertThat(abort.host()).contains(home);
    assertThat(abort.finishedAt()).isEmpty();

    stores()
        .migrations()
        .rolledBack(lease, accepted.id(), MigrationStatus.CANCELLED, Samples.FAILURE);
    assertThat(abort(guest.id(), by).result()).contains("Success");
    assertThat(stores().actions().find(guest.id(), by.request()).orElseThrow().message()).isEmpty();
  }

  private EventRecord abort(ServerId server, Requested by) {
    List<EventRecord> events = stores().actions().find(server, by.request()).orElseThrow().events();
    assertThat(events).extracting(EventRecord::event).containsOnly("compute_live_migration_abort");
    return events.getFirst();
  }

  @Test
  void that_was_aborted_too_late_says_so_to_who_asked_and_to_nobody_else() {
    ServerRecord guest = samples.active(home);
    ServerRecord other = samples.active(home);
    MigrationRecord accepted = samples.accepted(guest.id());
    MigrationRecord others = samples.accepted(other.id());
    Lease lease = samples.lease(guest.id());
    stores().migrations().planned(lease, accepted.id(), away, samples.claim(guest.id(), away), 1);
    Requested by = Samples.request();
    Requested byOther = Samples.request();
    stores().migrations().requestAbort(guest.id(), accepted.number(), by);
    stores().migrations().requestAbort(other.id(), others.number(), byOther);
    stores().migrations().ownerChanged(lease, accepted.id(), Samples.PAUSE);
    stores().migrations().completed(lease, accepted.id());

    assertThat(abort(guest.id(), by).result()).contains("Error");
    assertThat(abort(guest.id(), by).details())
        .contains(
            "Migration %d was completed before it could be aborted.".formatted(accepted.number()));
    assertThat(stores().actions().find(guest.id(), by.request()).orElseThrow().message())
        .contains("Error");
    assertThat(abort(other.id(), byOther).finishedAt()).isEmpty();
  }

  @Test
  void that_has_ended_cannot_be_aborted() {
    ServerRecord guest = samples.active(home);
    MigrationRecord accepted = samples.accepted(guest.id());
    Lease lease = samples.lease(guest.id());
    stores().migrations().rolledBack(lease, accepted.id(), MigrationStatus.ERROR, Samples.FAILURE);
    assertThatThrownBy(() ->
            stores().migrations().requestAbort(guest.id(), accepted.number(), Samples.request()))
        .hasMessage(
            "Migration %d state of instance %s is error. Cannot abort live migration while the"
                + " migration is in this state.",
            accepted.number(), guest.id());
    assertThatThrownBy(() -> stores().migrations().requestAbort(guest.id(), 0, Samples.request()))
        .extracting(e -> ((ComputeException) e).code())
        .isEqualTo(ErrorCode.MIGRATION_NOT_FOUND);
  }

  @Test
  void of_a_server_that_is_deleted_aborts_and_the_delete_waits_for_it() {
    ServerRecord guest = samples.active(home);
    MigrationRecord accepted = samples.accepted(guest.id());
    Lease lease = samples.lease(guest.id());
    stores().servers().requestDelete(guest.id(), Samples.request());
    assertThat(migration(accepted.id()).abortRequested()).isTrue();
    assertThat(stores().sagas().renewAndSeeAbort(lease)).isTrue();
    stores()
        .migrations()
        .rolledBack(lease, accepted.id(), MigrationStatus.CANCELLED, Samples.FAILURE);
    assertThat(server(guest.id()).task()).contains(TaskState.DELETING);
    Lease delete = samples.lease(guest.id());
    stores().servers().deleted(delete, guest.id());
    assertThat(stores().servers().find(guest.id())).isEmpty();
    assertThat(stores().claims().of(guest.id())).isEmpty();
  }

  @Test
  void is_listed_newest_first_in_pages() {
    ServerRecord guest = samples.active(home);
    for (int i = 0; i < 5; i++) {
      MigrationRecord accepted = samples.accepted(guest.id());
      stores()
          .migrations()
          .rolledBack(
              samples.lease(guest.id()), accepted.id(), MigrationStatus.FAILED, Samples.FAILURE);
    }
    List<MigrationRecord> all = page(guest.id(), Optional.empty(), 100);
    assertThat(all).hasSize(5);
    assertThat(all.stream().map(MigrationRecord::number).toList())
        .isSortedAccordingTo((a, b) -> Long.compare(b, a));
    assertThat(page(guest.id(), Optional.of(all.get(1).id()), 2)).isEqualTo(all.subList(2, 4));
    assertThatThrownBy(() -> page(guest.id(), Optional.of(new MigrationId(UUID.randomUUID())), 2))
        .extracting(e -> ((ComputeException) e).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
  }

  private List<MigrationRecord> page(ServerId server, Optional<MigrationId> marker, int limit) {
    return stores()
        .migrations()
        .list(
            new MigrationQuery(
                Optional.of(server),
                Optional.of(home),
                Optional.empty(),
                Optional.of(MigrationStatus.FAILED),
                false,
                Optional.of("ursula"),
                Optional.of("sea"),
                Optional.empty(),
                marker,
                limit));
  }

  @Test
  void counts_at_both_hosts_while_it_runs() {
    ServerRecord guest = samples.active(home);
    NewMigration asked = Samples.migration(guest.id());
    stores().migrations().requestLiveMigration(asked, Samples.request());
    Lease lease = samples.lease(guest.id());
    ClaimId claim = samples.claim(guest.id(), away);
    stores().migrations().planned(lease, asked.id(), away, claim, 1);
    Duration minute = Duration.ofMinutes(1);
    assertThat(stores().hosts().find(home, minute).orElseThrow().activeMigrations()).isOne();
    assertThat(stores().hosts().find(away, minute).orElseThrow().activeMigrations()).isOne();
    assertThat(stores().hosts().glances(minute))
        .filteredOn(each -> each.host().equals(home) || each.host().equals(away))
        .extracting(each -> each.activeMigrations())
        .containsExactly(1, 1);
    assertThat(stores().hosts().find(away, minute).orElseThrow().runningServers()).isZero();
    assertThat(stores().hosts().find(away, minute).orElseThrow().claimed())
        .isEqualTo(Samples.SHARE);
    stores().migrations().ownerChanged(lease, asked.id(), PauseParts.unknown("not heard"));
    stores().migrations().completed(lease, asked.id());
    assertThat(stores().hosts().find(home, minute).orElseThrow().claimed().memoryMib()).isZero();
    assertThat(stores().hosts().find(away, minute).orElseThrow().runningServers()).isOne();
    assertThat(stores().hosts().find(away, minute).orElseThrow().activeMigrations()).isZero();
  }

  @Test
  void keeps_its_policy_and_each_change_of_it() {
    ServerRecord guest = samples.active(home);
    NewMigration plain = Samples.migration(guest.id());
    PolicyParts asked =
        new PolicyParts(
            Optional.of(Duration.ofMillis(70)),
            Optional.of(5L << 20),
            Optional.empty(),
            Optional.of(AtDeadline.POST_COPY),
            Optional.of(true),
            Optional.empty());
    StreamParts streams =
        new StreamParts(Optional.of(0), Optional.of(Compression.XBZRLE), Optional.empty());
    MigrationRecord accepted =
        stores()
            .migrations()
            .requestLiveMigration(
                new NewMigration(
                    plain.id(),
                    plain.server(),
                    plain.requestedHost(),
                    plain.blockMigration(),
                    plain.diskOverCommit(),
                    asked,
                    streams,
                    Optional.empty(),
                    Map.of()),
                Samples.request());
    assertThat(migration(accepted.id()).wishes())
        .isEqualTo(
            new Wishes(asked, 0, streams, false, Optional.empty(), Optional.empty(), Map.of()));
    Requested by = Samples.request();
    PolicyParts faster =
        new PolicyParts(
            Optional.empty(),
            Optional.of(0L),
            Optional.of(Duration.ofMinutes(9)),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    MigrationRecord changed = stores().migrations().requestPolicy(accepted.id(), faster, by);

    assertThat(changed.wishes().revision()).isEqualTo(1);
    assertThat(changed.wishes().policy()).isEqualTo(faster.over(asked));
    assertThat(migration(accepted.id()).wishes()).isEqualTo(changed.wishes());
    assertThat(stores().actions().find(guest.id(), by.request()).orElseThrow().action())
        .isEqualTo("live_migration_steer");
    assertThatThrownBy(() ->
            stores()
                .migrations()
                .requestPolicy(new MigrationId(UUID.randomUUID()), faster, Samples.request()))
        .extracting(e -> ((ComputeException) e).code())
        .isEqualTo(ErrorCode.MIGRATION_NOT_FOUND);
  }

  @Test
  void is_forced_only_while_it_runs_and_steered_only_before_the_guest_is_handed_over() {
    ServerRecord guest = samples.active(home);
    MigrationRecord accepted = samples.accepted(guest.id());
    Lease lease = samples.lease(guest.id());
    MigrationStore migrations = stores().migrations();
    long number = accepted.number();
    assertThatThrownBy(() -> migrations.requestForceComplete(guest.id(), number, Samples.request()))
        .hasMessage(
            "Migration %d state of instance %s is accepted. Cannot force complete live migration"
                + " while the migration is in this state.",
            number, guest.id());

    migrations.entered(lease, accepted.id(), MigrationStatus.RUNNING, Phase.PERFORM);
    Requested by = Samples.request();
    migrations.requestForceComplete(guest.id(), number, by);
    migrations.requestForceComplete(guest.id(), number, Samples.request());
    assertThat(migration(accepted.id()).wishes().forced()).isTrue();
    assertThat(migration(accepted.id()).wishes().dataSince()).isPresent();
    assertThat(stores().actions().find(guest.id(), by.request()).orElseThrow().action())
        .isEqualTo("live_migration_force_complete");

    migrations.entered(lease, accepted.id(), MigrationStatus.RUNNING, Phase.FINISH);
    for (Runnable late :
        List.<Runnable>of(
            () -> migrations.requestForceComplete(guest.id(), number, Samples.request()),
            () -> migrations.requestAbort(guest.id(), number, Samples.request()),
            () -> {
              var _ = migrations.requestPolicy(accepted.id(), PolicyParts.NONE, Samples.request());
            })) {
      assertThatThrownBy(late::run)
          .hasMessageContaining("the guest has been handed over to its destination")
          .extracting(e -> ((ComputeException) e).code())
          .isEqualTo(ErrorCode.INVALID_MIGRATION_STATE);
    }
  }
}
