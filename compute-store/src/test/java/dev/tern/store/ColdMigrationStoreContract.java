package dev.tern.store;

import static dev.tern.store.Samples.FAILURE;
import static dev.tern.store.Samples.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.ColdMigrationStore.Arrival;
import dev.tern.store.ColdMigrationStore.ColdMigrationQuery;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.ColdStatus;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.EvacuationStore.Leftover;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.ServerStore.Usage;
import dev.tern.store.TurnStore.AtOnce;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store of cold migrations keeps. */
abstract class ColdMigrationStoreContract {
  private static final FlavorRecord LARGER =
      new FlavorRecord(
          "l", "tern.larger", 2, 256, 2, 0, 0, true, Map.of("big", "yes"), Optional.empty());

  private final Samples samples = new Samples(this::stores);
  private final HostName home = new HostName("home-" + UUID.randomUUID());
  private final HostName away = new HostName("away-" + UUID.randomUUID());

  abstract Stores stores();

  @BeforeEach
  void hosts_report() {
    samples.host(home);
    samples.host(away);
  }

  private ColdMigrationStore migrations() {
    return stores().coldMigrations();
  }

  private ServerRecord now(ServerRecord server) {
    return stores().servers().find(server.id()).orElseThrow();
  }

  private ColdMigrationRecord now(ColdMigrationRecord migration) {
    return migrations().find(migration.id()).orElseThrow();
  }

  private ColdMigrationRecord accepted(ServerRecord server, Optional<FlavorRecord> flavor) {
    return migrations()
        .request(
            new NewColdMigration(
                UUID.randomUUID(), server.id(), Optional.empty(), flavor, Map.of()),
            request());
  }

  private ColdMigrationRecord moved(ServerRecord server, Optional<FlavorRecord> flavor) {
    ColdMigrationRecord migration = accepted(server, flavor);
    Lease lease = samples.lease(server.id());
    migrations().chosen(lease, migration.id(), away, samples.claim(server.id(), away));
    migrations().leaving(lease, migration.id());
    migrations().arrived(lease, migration.id(), new Arrival(4096, 1, Map.of()));
    migrations().ownerChanged(lease, migration.id());
    migrations().finished(lease, migration.id(), List.of());
    return now(migration);
  }

  private List<HostName> claims(ServerRecord server) {
    return stores().claims().of(server.id()).stream().map(ClaimRecord::host).toList();
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call, String words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ComputeException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.explanation()).contains(words);
            });
  }

  @Test
  void locks_the_server_with_the_next_epoch_under_nova_s_words() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = accepted(server, Optional.empty());
    assertThat(migration.status()).isEqualTo(ColdStatus.ACCEPTED);
    assertThat(migration.source()).isEqualTo(home);
    assertThat(migration.sourceClaim()).isEqualTo(server.claim());
    assertThat(migration.ran()).isTrue();
    assertThat(migration.epoch()).isEqualTo(server.epoch() + 1);
    assertThat(now(server).task()).contains(TaskState.RESIZE_PREP);
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE,
        () -> accepted(server, Optional.empty()),
        "Cannot 'migrate' instance %s while it is in task_state resize_prep"
            .formatted(server.id()));
    assertThat(stores().actions().find(server.id(), migration.request()).orElseThrow().action())
        .isEqualTo("migrate");
  }

  @Test
  void goes_through_nova_s_states_and_holds_both_claims() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = accepted(server, Optional.empty());
    Lease lease = samples.lease(server.id());
    migrations().chosen(lease, migration.id(), away, samples.claim(server.id(), away));
    assertThat(now(migration).status()).isEqualTo(ColdStatus.PRE_MIGRATING);
    migrations().leaving(lease, migration.id());
    assertThat(now(migration).status()).isEqualTo(ColdStatus.MIGRATING);
    assertThat(now(server).task()).contains(TaskState.RESIZE_MIGRATING);
    assertThat(now(server).power()).isEqualTo(PowerState.SHUTDOWN);
    migrations().arrived(lease, migration.id(), new Arrival(4096, 1, Map.of()));
    assertThat(now(server).task()).contains(TaskState.RESIZE_MIGRATED);
    assertThat(now(server).host()).contains(home);
    migrations().ownerChanged(lease, migration.id());
    assertThat(now(server).task()).contains(TaskState.RESIZE_FINISH);
    assertThat(now(server).host()).contains(away);
    migrations().finished(lease, migration.id(), List.of());
    assertThat(now(migration).status()).isEqualTo(ColdStatus.FINISHED);
    assertThat(now(server).vmState()).isEqualTo(VmState.RESIZED);
    assertThat(now(server).power()).isEqualTo(PowerState.RUNNING);
    assertThat(now(server).task()).isEmpty();
    assertThat(claims(server)).containsExactlyInAnyOrder(away, home);
  }

  /** Others' tests may have left some that send. */
  private List<ColdMigrationRecord> sending(ColdMigrationRecord migration) {
    return migrations().sending().stream()
        .filter(each -> each.id().equals(migration.id()))
        .toList();
  }

  @Test
  void has_its_share_of_the_bandwidth_while_it_sends() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = accepted(server, Optional.empty());
    assertThat(sending(migration)).isEmpty();
    Lease lease = samples.lease(server.id());
    migrations().chosen(lease, migration.id(), away, samples.claim(server.id(), away));
    assertThat(sending(migration)).as("before its turn").isEmpty();
    assertThat(migrations().takeTurn(migration.id(), new AtOnce(0, 0, 0))).isTrue();
    migrations().share(migration.id(), Optional.of(5_000L));
    assertThat(sending(migration))
        .singleElement()
        .satisfies(its -> assertThat(its.bytesPerSecond()).contains(5_000L));
    migrations().leaving(lease, migration.id());
    migrations().share(migration.id(), Optional.empty());
    assertThat(now(migration).bytesPerSecond()).isEmpty();
    assertThat(sending(migration)).hasSize(1);
    migrations().arrived(lease, migration.id(), new Arrival(4096, 1, Map.of()));
    migrations().share(migration.id(), Optional.of(7L));
    assertThat(now(migration).bytesPerSecond()).isEmpty();
    assertThat(sending(migration)).isEmpty();
  }

  @Test
  void that_failed_leaves_the_server_as_it_was() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = accepted(server, Optional.of(LARGER));
    Lease lease = samples.lease(server.id());
    migrations().chosen(lease, migration.id(), away, samples.claim(server.id(), away));
    migrations().leaving(lease, migration.id());
    migrations().ownerChanged(lease, migration.id());
    migrations().ownerReturned(lease, migration.id());
    migrations().failed(lease, migration.id(), FAILURE, false, List.of());
    assertThat(now(migration).status()).isEqualTo(ColdStatus.ERROR);
    assertThat(now(migration).failure()).contains(FAILURE);
    assertThat(now(server).host()).contains(home);
    assertThat(now(server).claim()).isEqualTo(server.claim());
    assertThat(now(server).vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(now(server).power()).isEqualTo(PowerState.RUNNING);
    assertThat(now(server).flavor()).isEqualTo(server.flavor());
    assertThat(claims(server)).containsExactly(home);
    assertThat(migrations().open(server.id())).isEmpty();
    assertThat(accepted(server, Optional.empty()).status()).isEqualTo(ColdStatus.ACCEPTED);
  }

  @Test
  void that_is_confirmed_gives_its_source_s_claim_back() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = moved(server, Optional.empty());
    ColdMigrationRecord asked = migrations().requestConfirm(server.id(), request());
    assertThat(asked.status()).isEqualTo(ColdStatus.CONFIRMING);
    assertThat(now(server).task()).contains(TaskState.RESIZE_CONFIRMING);
    migrations().confirmed(samples.lease(server.id()), migration.id(), List.of());
    assertThat(now(migration).status()).isEqualTo(ColdStatus.CONFIRMED);
    assertThat(now(server).vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(claims(server)).containsExactly(away);
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE,
        () -> migrations().requestConfirm(server.id(), request()),
        "while it is in vm_state active");
  }

  @Test
  void that_is_reverted_gives_its_destination_s_claim_back() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = moved(server, Optional.of(LARGER));
    assertThat(now(server).flavor()).isEqualTo(LARGER);
    var _ = migrations().requestRevert(server.id(), request());
    assertThat(now(server).task()).contains(TaskState.RESIZE_REVERTING);
    Lease lease = samples.lease(server.id());
    migrations().ownerReturned(lease, migration.id());
    migrations().reverted(lease, migration.id(), Optional.empty(), List.of());
    assertThat(now(migration).status()).isEqualTo(ColdStatus.REVERTED);
    assertThat(now(server).vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(now(server).host()).contains(home);
    assertThat(now(server).flavor()).isEqualTo(server.flavor());
    assertThat(claims(server)).containsExactly(home);
  }

  @Test
  void that_could_not_be_confirmed_waits_for_another_word() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = moved(server, Optional.empty());
    var _ = migrations().requestConfirm(server.id(), request());
    migrations().unsettled(samples.lease(server.id()), migration.id(), FAILURE);
    assertThat(now(migration).status()).isEqualTo(ColdStatus.FINISHED);
    assertThat(now(server).vmState()).isEqualTo(VmState.RESIZED);
    assertThat(now(server).task()).isEmpty();
    assertThat(claims(server)).containsExactlyInAnyOrder(away, home);
    assertThat(migrations().requestRevert(server.id(), request()).status())
        .isEqualTo(ColdStatus.REVERTING);
  }

  @Test
  void waits_for_as_long_as_is_asked() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = moved(server, Optional.empty());
    assertThat(migrations().waiting(Duration.ofHours(1), 1000))
        .extracting(ColdMigrationRecord::id)
        .doesNotContain(migration.id());
    assertThat(migrations().waiting(Duration.ZERO, 1000))
        .extracting(ColdMigrationRecord::id)
        .contains(migration.id());
  }

  @Test
  void of_a_guest_that_ended_by_itself_stays_resized_and_is_stopped_when_confirmed() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = moved(server, Optional.empty());
    assertThat(stores().servers().guestEnded(server.id(), away)).isTrue();
    assertThat(now(server).vmState()).isEqualTo(VmState.RESIZED);
    assertThat(now(server).power()).isEqualTo(PowerState.SHUTDOWN);
    var _ = migrations().requestConfirm(server.id(), request());
    migrations().confirmed(samples.lease(server.id()), migration.id(), List.of());
    assertThat(now(server).vmState()).isEqualTo(VmState.STOPPED);
  }

  @Test
  void of_a_deleted_server_is_over_with_all_claims() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = moved(server, Optional.empty());
    var _ = stores().servers().requestDelete(server.id(), request());
    stores().servers().deleted(samples.lease(server.id()), server.id());
    assertThat(now(migration).status()).isEqualTo(ColdStatus.CONFIRMED);
    assertThat(claims(server)).isEmpty();
  }

  @Test
  void is_refused_for_the_flavor_that_the_server_has() {
    ServerRecord server = samples.active(home);
    assertRefused(
        ErrorCode.INVALID_INPUT,
        () -> accepted(server, Optional.of(server.flavor())),
        "When resizing, instances must change flavor!");
    assertThat(now(server)).isEqualTo(server);
  }

  private Usage usage(ServerRecord server) {
    return stores().quotas().usage(server.project());
  }

  @Test
  void to_a_larger_flavor_counts_as_that_until_it_is_reverted() {
    ServerRecord server = samples.active(home);
    Usage before = usage(server);
    ColdMigrationRecord migration = accepted(server, Optional.of(LARGER));
    Usage larger = usage(server);
    assertThat(larger.vcpus() - before.vcpus())
        .isEqualTo(LARGER.vcpus() - server.flavor().vcpus())
        .isPositive();
    assertThat(larger.memoryMib() - before.memoryMib())
        .isEqualTo(LARGER.memoryMib() - server.flavor().memoryMib());
    assertThat(larger.servers()).isEqualTo(before.servers());
    assertThat(stores().groups().rules(server.id()).asks().extraSpecs())
        .as("a host is chosen for what it is to be")
        .isEqualTo(LARGER.extraSpecs());
    Lease lease = samples.lease(server.id());
    migrations().chosen(lease, migration.id(), away, samples.claim(server.id(), away));
    migrations().ownerChanged(lease, migration.id());
    migrations().finished(lease, migration.id(), List.of());
    assertThat(usage(server)).isEqualTo(larger);
    var _ = migrations().requestRevert(server.id(), request());
    lease = samples.lease(server.id());
    migrations().ownerReturned(lease, migration.id());
    assertThat(usage(server)).isEqualTo(larger);
    migrations().reverted(lease, migration.id(), Optional.empty(), List.of());
    assertThat(usage(server)).isEqualTo(before);
  }

  @Test
  void to_a_smaller_flavor_counts_as_the_larger_until_it_is_confirmed() {
    ServerRecord server = samples.active(home);
    var _ = moved(server, Optional.of(LARGER));
    ColdMigrationRecord up = migrations().requestConfirm(server.id(), request());
    migrations().confirmed(samples.lease(server.id()), up.id(), List.of());
    Usage larger = usage(server);
    ColdMigrationRecord down = moved(now(server), Optional.of(server.flavor()));
    assertThat(now(server).flavor()).isEqualTo(server.flavor());
    assertThat(usage(server)).isEqualTo(larger);
    var _ = migrations().requestConfirm(server.id(), request());
    migrations().confirmed(samples.lease(server.id()), down.id(), List.of());
    assertThat(larger.vcpus() - usage(server).vcpus())
        .isEqualTo(LARGER.vcpus() - server.flavor().vcpus());
  }

  @Test
  void for_which_the_project_has_no_quota_changes_nothing() {
    ServerRecord server = samples.active(home);
    Usage used = usage(server);
    assertRefused(
        ErrorCode.QUOTA_EXCEEDED,
        () ->
            migrations()
                .request(
                    new NewColdMigration(
                        UUID.randomUUID(),
                        server.id(),
                        Optional.empty(),
                        Optional.of(LARGER),
                        Map.of(QuotaStore.Resource.CORES, (long) used.vcpus())),
                    request()),
        "Quota exceeded for cores: Requested %d, but already used %d of %d cores"
            .formatted(LARGER.vcpus() - server.flavor().vcpus(), used.vcpus(), used.vcpus()));
    assertThat(now(server)).isEqualTo(server);
    assertThat(usage(server)).isEqualTo(used);
  }

  @Test
  void keeps_a_resized_server_from_being_reset() {
    ServerRecord server = samples.active(home);
    var _ = moved(server, Optional.empty());
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE,
        () -> stores().edits().resetState(server.id(), VmState.ACTIVE, request()),
        "confirm or revert its migration first");
  }

  @Test
  void owes_a_host_that_did_not_answer_its_clearing() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = moved(server, Optional.empty());
    var _ = migrations().requestConfirm(server.id(), request());
    migrations().confirmed(samples.lease(server.id()), migration.id(), List.of(home));
    stores().pass(Duration.ofSeconds(1));
    stores().hosts().report(Samples.report(home, 2, 1));
    assertThat(stores().evacuations().leftovers(1000))
        .anyMatch(left -> left.server().equals(server.id()) && left.host().equals(home));
  }

  @Test
  void owes_a_lost_source_its_taking_back_once_and_then_the_server_is_what_the_host_says() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = accepted(server, Optional.empty());
    Lease lease = samples.lease(server.id());
    migrations().owesTakeBack(lease, migration.id());
    migrations().owesTakeBack(lease, migration.id());
    migrations().failed(lease, migration.id(), FAILURE, true, List.of());
    assertThat(now(server).vmState()).isEqualTo(VmState.STOPPED);
    stores().pass(Duration.ofSeconds(1));
    stores().hosts().report(Samples.report(home, 2, 1));
    List<Leftover> owed =
        stores().evacuations().leftovers(1000).stream()
            .filter(left -> left.server().equals(server.id()))
            .toList();
    assertThat(owed).hasSize(1);
    assertThat(owed.getFirst().host()).isEqualTo(home);
    assertThat(owed.getFirst().takeBack()).contains(migration.epoch());
    stores().evacuations().takenBack(owed.getFirst(), Optional.of(VmState.ACTIVE));
    assertThat(now(server).vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(now(server).power()).isEqualTo(PowerState.RUNNING);
    assertThat(now(server).fault()).isEmpty();
    assertThat(stores().evacuations().leftovers(1000)).doesNotContainAnyElementsOf(owed);
  }

  /** Told late: it has begun something else since. */
  @Test
  void leaves_a_server_alone_that_has_become_something_else_since_its_host_was_lost() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = accepted(server, Optional.empty());
    Lease lease = samples.lease(server.id());
    migrations().owesTakeBack(lease, migration.id());
    migrations().failed(lease, migration.id(), FAILURE, true, List.of());
    stores().pass(Duration.ofSeconds(1));
    stores().hosts().report(Samples.report(home, 2, 1));
    Leftover owed =
        stores().evacuations().leftovers(1000).stream()
            .filter(left -> left.server().equals(server.id()))
            .findFirst()
            .orElseThrow();
    ServerRecord starting = stores().servers().requestStart(server.id(), request());
    stores().evacuations().takenBack(owed, Optional.of(VmState.ACTIVE));
    assertThat(now(server)).isEqualTo(starting);
  }

  @Test
  void is_listed_by_server_host_status_and_kind_newest_first() {
    ServerRecord server = samples.active(home);
    ColdMigrationRecord migration = moved(server, Optional.empty());
    assertThat(migrations().list(query(server, Optional.of(away), Optional.of(false))))
        .containsExactly(now(migration));
    assertThat(migrations().list(query(server, Optional.empty(), Optional.of(true)))).isEmpty();
    assertThat(
            migrations().list(query(server, Optional.of(new HostName("else")), Optional.empty())))
        .isEmpty();
  }

  private static ColdMigrationQuery query(
      ServerRecord server, Optional<HostName> host, Optional<Boolean> resize) {
    return new ColdMigrationQuery(
        Optional.of(server.id()),
        host,
        Optional.empty(),
        Optional.of(ColdStatus.FINISHED),
        resize,
        Optional.of("ursula"),
        Optional.of("sea"),
        Optional.empty(),
        Optional.empty(),
        10);
  }
}
