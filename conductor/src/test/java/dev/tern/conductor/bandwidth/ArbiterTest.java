package dev.tern.conductor.bandwidth;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.ServerId;
import dev.tern.store.ColdMigrationStore.Arrival;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.Begun;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.Limits;
import dev.tern.store.DrainStore.Most;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.OnCannotMove;
import dev.tern.store.DrainStore.Sequence;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.NewMigration;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.TurnStore.AtOnce;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The bandwidth of all migrations")
class ArbiterTest {
  private static final HostName ONE = new HostName("one");
  private static final HostName TWO = new HostName("two");
  private static final HostName THREE = new HostName("three");
  private static final Failure BROKEN =
      new Failure(ErrorCode.HYPERVISOR_FAILED, "The mirror broke off.");

  private final InMemoryStores stores = new InMemoryStores();
  private final Samples samples = new Samples(() -> stores);

  private record Move(MigrationRecord migration, Lease lease) {}

  @BeforeEach
  void hosts_report() {
    List.of(ONE, TWO, THREE).forEach(samples::host);
  }

  private void divide(long cluster, long out, long in) {
    new Arbiter(
            stores.migrations(),
            stores.coldMigrations(),
            stores.drains(),
            new BandwidthSettings(cluster, out, in, Duration.ofMillis(500)))
        .look();
  }

  private Move moving(HostName from, HostName to) {
    ServerId server = samples.active(from).id();
    return performing(samples.accepted(server), to);
  }

  private Move performing(MigrationRecord migration, HostName to) {
    Lease lease = samples.lease(migration.server());
    ClaimId claim = samples.claim(migration.server(), to);
    stores.migrations().planned(lease, migration.id(), to, claim, 1);
    stores.migrations().entered(lease, migration.id(), MigrationStatus.RUNNING, Phase.PERFORM);
    return new Move(migration, lease);
  }

  private Optional<Long> share(Move move) {
    return now(move).wishes().share();
  }

  private MigrationRecord now(Move move) {
    return stores.migrations().find(move.migration().id()).orElseThrow();
  }

  @Test
  void is_divided_anew_when_one_begins_or_ends() {
    Move first = moving(ONE, TWO);
    divide(6_000_000, 0, 0);
    assertThat(share(first)).contains(6_000_000L);
    assertThat(now(first).wishes().revision()).isEqualTo(1);
    Move second = moving(TWO, THREE);
    Move third = moving(ONE, THREE);
    divide(6_000_000, 0, 0);
    assertThat(List.of(share(first), share(second), share(third)))
        .allMatch(Optional.of(2_000_000L)::equals);
    stores
        .migrations()
        .rolledBack(second.lease(), second.migration().id(), MigrationStatus.FAILED, BROKEN);
    divide(6_000_000, 0, 0);
    assertThat(share(first)).contains(3_000_000L);
    long revision = now(first).wishes().revision();
    divide(6_000_000, 0, 0);
    assertThat(now(first).wishes().revision()).as("nothing new to tell").isEqualTo(revision);
    divide(0, 0, 0);
    assertThat(share(first)).isEmpty();
  }

  @Test
  void is_kept_at_both_ends() {
    Move first = moving(ONE, TWO);
    Move second = moving(ONE, THREE);
    Move third = moving(TWO, THREE);
    divide(0, 4_000_000, 3_000_000);
    assertThat(share(first)).contains(2_500_000L);
    assertThat(share(second)).contains(1_500_000L);
    assertThat(share(third)).contains(1_500_000L);
  }

  @Test
  void is_free_again_once_a_guest_is_handed_over() {
    Move first = moving(ONE, TWO);
    Move second = moving(ONE, THREE);
    stores
        .migrations()
        .entered(second.lease(), second.migration().id(), MigrationStatus.RUNNING, Phase.CONFIRM);
    divide(6_000_000, 0, 0);
    assertThat(share(first)).contains(6_000_000L);
    assertThat(share(second)).isEmpty();
  }

  private DrainRecord drain(long bytesPerSecond) {
    return stores
        .drains()
        .request(
            new NewDrain(
                UUID.randomUUID(),
                ONE,
                new Wishes(
                    Optional.empty(),
                    new Limits(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(bytesPerSecond),
                        Optional.empty()),
                    Sequence.SMALLEST_FIRST,
                    List.of(),
                    OnCannotMove.LEAVE,
                    Set.of()),
                false),
            Samples.request());
  }

  private Move its(DrainRecord drain, ServerId server) {
    NewMigration asked = Samples.migration(server);
    assertThat(
            stores
                .drains()
                .begin(
                    drain,
                    DrainServer.waiting(server, Leg.OUT, 0).moving(ONE, TWO, asked.id()),
                    asked,
                    new Most(0, 0, 0)))
        .isEqualTo(Begun.YES);
    return performing(stores.migrations().find(asked.id()).orElseThrow(), TWO);
  }

  @Test
  void may_be_less_for_a_drain() {
    Move other = moving(TWO, THREE);
    ServerId server = samples.active(ONE).id();
    Move its = its(drain(1_000_000), server);
    divide(10_000_000, 0, 0);
    assertThat(share(its)).contains(1_000_000L);
    assertThat(share(other)).contains(9_000_000L);
  }

  private record Cold(ColdMigrationRecord migration, Lease lease) {}

  private Cold movingCold(HostName from, HostName to) {
    ServerId server = samples.active(from).id();
    UUID id = UUID.randomUUID();
    ColdMigrationRecord asked =
        stores
            .coldMigrations()
            .request(
                new NewColdMigration(id, server, Optional.of(to), Optional.empty(), Map.of()),
                Samples.request());
    Lease lease = samples.lease(server);
    stores.coldMigrations().chosen(lease, id, to, samples.claim(server, to));
    assertThat(stores.coldMigrations().takeTurn(id, new AtOnce(0, 0, 0))).isTrue();
    return new Cold(asked, lease);
  }

  private Optional<Long> share(ColdMigrationRecord cold) {
    return stores.coldMigrations().find(cold.id()).orElseThrow().bytesPerSecond();
  }

  @Test
  void is_divided_among_those_that_move_cold_too_and_anew_when_one_has_come() {
    Move live = moving(ONE, TWO);
    Cold cold = movingCold(ONE, TWO);
    Cold alone = movingCold(THREE, TWO);
    divide(0, 4_000_000, 0);
    assertThat(List.of(share(live), share(cold.migration())))
        .allMatch(Optional.of(2_000_000L)::equals);
    assertThat(share(alone.migration())).contains(4_000_000L);
    stores.coldMigrations().leaving(cold.lease(), cold.migration().id());
    divide(6_000_000, 0, 0);
    assertThat(share(cold.migration())).contains(2_000_000L);
    stores
        .coldMigrations()
        .arrived(cold.lease(), cold.migration().id(), new Arrival(1, 1, Map.of()));
    divide(6_000_000, 0, 0);
    assertThat(List.of(share(live), share(alone.migration())))
        .allMatch(Optional.of(3_000_000L)::equals);
    divide(0, 0, 0);
    assertThat(share(alone.migration())).isEmpty();
  }

  @Test
  void is_shared_by_a_drain_s_servers_however_they_move() {
    ServerId running = samples.active(ONE).id();
    ServerId server = samples.active(ONE).id();
    DrainRecord drain = drain(1_000_000);
    Move live = its(drain, running);
    NewColdMigration asked =
        new NewColdMigration(
            UUID.randomUUID(),
            server,
            Optional.of(TWO),
            Optional.empty(),
            Map.of(),
            Optional.empty(),
            Optional.of(400_000L));
    assertThat(
            stores
                .drains()
                .beginCold(
                    stores.drains().find(drain.id()).orElseThrow(),
                    DrainServer.waiting(server, Leg.OUT, 1)
                        .moving(ONE, TWO, new MigrationId(asked.id())),
                    asked,
                    new Most(0, 0, 0)))
        .isEqualTo(Begun.YES);
    Lease lease = samples.lease(server);
    stores.coldMigrations().chosen(lease, asked.id(), TWO, samples.claim(server, TWO));
    assertThat(stores.coldMigrations().takeTurn(asked.id(), new AtOnce(0, 0, 0))).isTrue();
    ColdMigrationRecord cold = stores.coldMigrations().find(asked.id()).orElseThrow();
    assertThat(share(cold)).contains(400_000L);
    divide(0, 0, 0);
    assertThat(List.of(share(live), share(cold))).allMatch(Optional.of(500_000L)::equals);
    stores
        .migrations()
        .rolledBack(live.lease(), live.migration().id(), MigrationStatus.FAILED, BROKEN);
    divide(0, 0, 0);
    assertThat(share(cold)).contains(1_000_000L);
  }
}
