package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.ServerId;
import dev.tern.store.AggregateStore.Aggregate;
import dev.tern.store.ColdMigrationStore.Arrival;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.TurnStore.AtOnce;
import dev.tern.store.TurnStore.Waiting;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What every {@link TurnStore} keeps, real or in memory. */
abstract class TurnStoreContract {
  private static final AtOnce ONE_OUT = new AtOnce(1, 0, 0);

  abstract Stores stores();

  private final Samples samples = new Samples(this::stores);
  private final HostName home = new HostName("home-" + UUID.randomUUID());
  private final HostName away = new HostName("away-" + UUID.randomUUID());
  private final Map<MigrationId, Lease> leases = new HashMap<>();

  @BeforeEach
  void hosts_report() {
    samples.host(home);
    samples.host(away);
  }

  /** One that has passed its checks. */
  private MigrationRecord queued() {
    return queued(home, away);
  }

  private MigrationRecord queued(HostName source, HostName destination) {
    MigrationRecord accepted = samples.accepted(samples.active(source).id());
    Lease lease = samples.lease(accepted.server());
    leases.put(accepted.id(), lease);
    stores()
        .migrations()
        .planned(
            lease, accepted.id(), destination, samples.claim(accepted.server(), destination), 1);
    stores().migrations().entered(lease, accepted.id(), MigrationStatus.QUEUED, Phase.BEGIN);
    return accepted;
  }

  private Lease lease(MigrationRecord migration) {
    return Optional.ofNullable(leases.get(migration.id())).orElseThrow();
  }

  private Optional<Waiting> waiting(MigrationRecord migration) {
    return Optional.ofNullable(
        stores().migrations().waiting(List.of(migration.id())).get(migration.id()));
  }

  private boolean offered(MigrationRecord migration) {
    return stores().sagas().waiting(100_000).contains(migration.saga());
  }

  /** Others' tests may have left some that wait. */
  private void gives(AtOnce most) {
    int _ = stores().migrations().giveTurns(most);
  }

  private void ends(MigrationRecord migration) {
    stores()
        .migrations()
        .rolledBack(lease(migration), migration.id(), MigrationStatus.FAILED, Samples.FAILURE);
  }

  private record Cold(ColdMigrationRecord migration, Lease lease) {}

  private Cold cold() {
    ServerId server = samples.active(home).id();
    ColdMigrationRecord asked =
        stores()
            .coldMigrations()
            .request(
                new NewColdMigration(
                    UUID.randomUUID(), server, Optional.empty(), Optional.empty(), Map.of()),
                Samples.request());
    Lease lease = samples.lease(server);
    stores().coldMigrations().chosen(lease, asked.id(), away, samples.claim(server, away));
    return new Cold(asked, lease);
  }

  private boolean offered(Cold cold) {
    return stores().sagas().waiting(100_000).contains(cold.migration().saga());
  }

  @Test
  void has_live_and_cold_ones_wait_for_each_other_in_one_queue() {
    Cold first = cold();
    UUID id = first.migration().id();
    assertThat(stores().coldMigrations().takeTurn(id, ONE_OUT)).isTrue();
    assertThat(stores().coldMigrations().takeTurn(id, ONE_OUT)).isTrue();
    MigrationRecord live = queued();
    Cold last = cold();
    assertThat(stores().migrations().takeTurn(live.id(), ONE_OUT)).isFalse();
    assertThat(stores().coldMigrations().takeTurn(last.migration().id(), ONE_OUT)).isFalse();
    stores().sagas().giveBack(last.lease());
    assertThat(offered(last)).as("nobody runs it meanwhile").isFalse();
    assertThat(
            stores().migrations().waiting(List.of(new MigrationId(last.migration().id()))).values())
        .containsExactly(
            new Waiting("As many migrations leave %s as may at once (1).".formatted(home), 1));
    stores().coldMigrations().leaving(first.lease(), id);
    gives(ONE_OUT);
    assertThat(waiting(live)).isPresent();
    stores().coldMigrations().arrived(first.lease(), id, new Arrival(1, 1, Map.of()));
    gives(ONE_OUT);
    assertThat(waiting(live)).isEmpty();
    assertThat(offered(last)).isFalse();
    ends(live);
    gives(ONE_OUT);
    assertThat(offered(last)).isTrue();
    assertThat(stores().coldMigrations().takeTurn(last.migration().id(), ONE_OUT)).isTrue();
  }

  @Test
  void offers_a_cold_one_that_waits_when_its_server_is_to_be_deleted() {
    MigrationRecord live = queued();
    assertThat(stores().migrations().takeTurn(live.id(), ONE_OUT)).isTrue();
    Cold cold = cold();
    assertThat(stores().coldMigrations().takeTurn(cold.migration().id(), ONE_OUT)).isFalse();
    stores().sagas().giveBack(cold.lease());
    assertThat(offered(cold)).isFalse();
    var _ = stores().servers().requestDelete(cold.migration().server(), Samples.request());
    assertThat(offered(cold)).isTrue();
  }

  @Test
  void makes_the_surplus_wait_with_a_reason_until_there_is_room() {
    MigrationRecord first = queued();
    MigrationRecord second = queued();
    MigrationRecord third = queued();
    assertThat(stores().migrations().takeTurn(first.id(), ONE_OUT)).isTrue();
    assertThat(stores().migrations().takeTurn(first.id(), ONE_OUT)).isTrue();
    assertThat(stores().migrations().takeTurn(second.id(), ONE_OUT)).isFalse();
    assertThat(stores().migrations().takeTurn(third.id(), ONE_OUT)).isFalse();
    String why = "As many migrations leave %s as may at once (1).".formatted(home);
    assertThat(waiting(first)).isEmpty();
    assertThat(waiting(second)).contains(new Waiting(why, 0));
    assertThat(waiting(third)).contains(new Waiting(why, 1));
    gives(ONE_OUT);
    assertThat(waiting(second)).contains(new Waiting(why, 0));
    long messages = stores().outbox().waiting();
    ends(first);
    gives(ONE_OUT);
    assertThat(stores().outbox().waiting()).isGreaterThan(messages);
    assertThat(waiting(second)).isEmpty();
    assertThat(stores().migrations().takeTurn(second.id(), ONE_OUT)).isTrue();
    assertThat(waiting(third)).contains(new Waiting(why, 0));
  }

  @Test
  void lets_nobody_pass_who_was_asked_for_later() {
    MigrationRecord first = queued();
    MigrationRecord second = queued();
    MigrationRecord third = queued();
    assertThat(stores().migrations().takeTurn(first.id(), ONE_OUT)).isTrue();
    assertThat(stores().migrations().takeTurn(second.id(), ONE_OUT)).isFalse();
    ends(first);
    assertThat(stores().migrations().takeTurn(third.id(), ONE_OUT)).isFalse();
    assertThat(stores().migrations().takeTurn(second.id(), ONE_OUT)).isTrue();
  }

  @Test
  void keeps_free_turns_for_one_that_has_waited_for_long() {
    AtOnce one = new AtOnce(1, 1, 0);
    HostName other = new HostName("other-" + UUID.randomUUID());
    samples.host(other);
    MigrationRecord leaves = queued(home, other);
    MigrationRecord arrives = queued(other, away);
    assertThat(stores().migrations().takeTurn(leaves.id(), one)).isTrue();
    assertThat(stores().migrations().takeTurn(arrives.id(), one)).isTrue();
    MigrationRecord old = queued(home, away);
    assertThat(stores().migrations().takeTurn(old.id(), one)).isFalse();
    stores().pass(TurnStore.PATIENCE.plusSeconds(1));
    List.of(leaves, arrives).forEach(each -> leases.put(each.id(), samples.lease(each.server())));
    ends(leaves);
    MigrationRecord young = queued(home, other);
    assertThat(stores().migrations().takeTurn(young.id(), one)).isFalse();
    assertThat(waiting(young).orElseThrow().why())
        .startsWith("The next turn to leave %s is kept for a migration that".formatted(home));
    gives(one);
    assertThat(stores().migrations().takeTurn(young.id(), one)).isFalse();
    ends(arrives);
    MigrationRecord next = queued(other, away);
    assertThat(stores().migrations().takeTurn(next.id(), one)).isFalse();
    gives(one);
    assertThat(stores().migrations().takeTurn(old.id(), one)).isTrue();
    assertThat(stores().migrations().takeTurn(young.id(), one)).isFalse();
    assertThat(stores().migrations().takeTurn(next.id(), one)).isFalse();
  }

  @Test
  void lets_others_pass_one_that_has_not_waited_for_long() {
    AtOnce one = new AtOnce(1, 1, 0);
    HostName other = new HostName("other-" + UUID.randomUUID());
    samples.host(other);
    MigrationRecord arrives = queued(other, away);
    assertThat(stores().migrations().takeTurn(arrives.id(), one)).isTrue();
    MigrationRecord old = queued(home, away);
    assertThat(stores().migrations().takeTurn(old.id(), one)).isFalse();
    MigrationRecord young = queued(home, other);
    assertThat(stores().migrations().takeTurn(young.id(), one)).isTrue();
  }

  @Test
  void offers_nobody_the_saga_of_one_that_waits() {
    MigrationRecord first = queued();
    MigrationRecord second = queued();
    assertThat(stores().migrations().takeTurn(first.id(), ONE_OUT)).isTrue();
    assertThat(stores().migrations().takeTurn(second.id(), ONE_OUT)).isFalse();
    stores().sagas().giveBack(lease(second));
    assertThat(offered(second)).isFalse();
    ends(first);
    gives(ONE_OUT);
    assertThat(offered(second)).isTrue();
  }

  @Test
  @Tag("S117")
  void offers_one_that_waits_again_when_it_is_to_be_aborted_and_gives_it_no_turn() {
    MigrationRecord first = queued();
    MigrationRecord second = queued();
    assertThat(stores().migrations().takeTurn(first.id(), ONE_OUT)).isTrue();
    assertThat(stores().migrations().takeTurn(second.id(), ONE_OUT)).isFalse();
    stores().sagas().giveBack(lease(second));
    stores().migrations().requestAbort(second.server(), second.number(), Samples.request());
    assertThat(offered(second)).isTrue();
    ends(first);
    gives(ONE_OUT);
    assertThat(stores().migrations().takeTurn(second.id(), ONE_OUT)).isFalse();
  }

  @Test
  void offers_one_that_waits_again_when_its_server_is_to_be_deleted() {
    MigrationRecord first = queued();
    MigrationRecord second = queued();
    assertThat(stores().migrations().takeTurn(first.id(), ONE_OUT)).isTrue();
    assertThat(stores().migrations().takeTurn(second.id(), ONE_OUT)).isFalse();
    stores().sagas().giveBack(lease(second));
    stores().servers().requestDelete(second.server(), Samples.request());
    assertThat(offered(second)).isTrue();
  }

  @Test
  void counts_those_that_come_to_a_host_and_those_that_move_anywhere() {
    MigrationRecord first = queued();
    MigrationRecord second = queued();
    assertThat(stores().migrations().takeTurn(first.id(), new AtOnce(0, 1, 0))).isTrue();
    assertThat(stores().migrations().takeTurn(second.id(), new AtOnce(0, 1, 0))).isFalse();
    assertThat(waiting(second).orElseThrow().why())
        .isEqualTo("As many migrations come to %s as may at once (1).".formatted(away));
    gives(new AtOnce(0, 0, 1));
    assertThat(waiting(second).orElseThrow().why())
        .isEqualTo("As many migrations move as may at once (1).");
  }

  @Test
  void counts_those_that_cross_the_edge_of_an_aggregate() {
    Aggregate rack =
        stores()
            .aggregates()
            .create(UUID.randomUUID(), "rack-" + UUID.randomUUID(), Optional.empty());
    var _ = stores().aggregates().addHost(rack.number(), home);
    var _ =
        stores().aggregates().setMetadata(rack.number(), Map.of(TurnStore.LINK, Optional.of("1")));
    MigrationRecord first = queued();
    MigrationRecord second = queued();
    assertThat(stores().migrations().takeTurn(first.id(), new AtOnce(0, 0, 0))).isTrue();
    assertThat(stores().migrations().takeTurn(second.id(), new AtOnce(0, 0, 0))).isFalse();
    assertThat(waiting(second).orElseThrow().why())
        .isEqualTo(
            "As many migrations cross the edge of aggregate %s as may at once (1)."
                .formatted(rack.name()));
  }
}
