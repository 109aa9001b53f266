package dev.tern.conductor.drain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.ColdStatus;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.OnCannotMove;
import dev.tern.store.DrainStore.Order;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.InMemoryStores;
import dev.tern.store.LifeRequest;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.Stores;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A drain that moves servers cold")
class ColdDrainsTest extends ColdDrainsContract {
  private final InMemoryStores stores = new InMemoryStores();

  @Override
  Stores stores() {
    return stores;
  }

  private Optional<HostName> host(ServerId server) {
    return stores().servers().find(server).orElseThrow().host();
  }

  private static void failCold(DrainWorld world, ColdMigrationRecord migration, boolean stands) {
    world
        .stores
        .coldMigrations()
        .failed(
            world.samples.lease(migration.server()),
            migration.id(),
            new Failure(ErrorCode.HYPERVISOR_FAILED, "The link broke."),
            stands,
            List.of());
  }

  @Test
  void moves_a_stopped_server_that_stays_stopped() {
    DrainWorld world = world(2);
    ServerId server = stopped(world);
    DrainRecord end = world.run(world.ask(cold(3)), MANY);
    assertThat(end.state()).isEqualTo(State.DRAINED);
    DrainServer row = world.row(end, server);
    assertThat(row.state()).isEqualTo(ServerState.MOVED);
    assertThat(row.cold()).isTrue();
    assertThat(row.from()).contains(world.home);
    assertThat(row.to()).isEqualTo(host(server)).get().isIn(world.others);
    assertThat(row.bytes()).isEqualTo(4096);
    assertThat(row.pause()).as("it was not up").isEmpty();
    assertThat(state(server)).isEqualTo(VmState.STOPPED);
    PlannedMove move = end.plan().orElseThrow().moves().getFirst();
    assertThat(move.cold()).isPresent();
    assertThat(move.pause()).isEmpty();
    assertThat(move.reason()).isEqualTo("It moves cold, and stays stopped.");
    assertThat(world.all(_ -> true)).as("live migrations").isEmpty();
  }

  @Test
  void tries_live_as_often_as_it_may_and_then_cold_as_often() {
    DrainWorld world = world(3);
    ServerId server = world.server();
    DrainRecord drain = world.ask(cold(2));
    for (int i = 0; i < 20; i++) {
      world.look();
      refuseLive(world);
      world
          .cold(each -> each.endedAt().isEmpty())
          .forEach(migration -> failCold(world, migration, false));
      world.pass(Duration.ofMinutes(1));
    }
    assertThat(world.all(_ -> true)).hasSize(2);
    assertThat(all(world)).hasSize(2);
    assertThat(all(world).stream().map(ColdMigrationRecord::requestedHost).distinct()).hasSize(2);
    assertThat(world.drain(drain).state()).isEqualTo(State.INCOMPLETE);
    assertThat(world.row(drain, server).state()).isEqualTo(ServerState.LEFT);
    assertThat(world.row(drain, server).reason()).isEqualTo("Tried 2 times. The link broke.");
    assertThat(state(server)).isEqualTo(VmState.ACTIVE);
    assertThat(host(server)).contains(world.home);
  }

  @Test
  void does_not_move_on_with_a_guest_that_could_not_be_started_again() {
    DrainWorld world = world(2);
    ServerId server = world.server();
    DrainRecord drain = world.ask(cold(1));
    world.look();
    refuseLive(world);
    world.look();
    world.look();
    failCold(world, all(world).getFirst(), true);
    DrainRecord end = world.run(drain, MANY);
    assertThat(end.state()).isEqualTo(State.INCOMPLETE);
    assertThat(world.row(end, server).reason()).contains("could not be started again");
    assertThat(all(world)).hasSize(1);
  }

  @Test
  void leaves_a_paused_server_that_does_not_move_live() {
    DrainWorld world = world(1);
    ServerId server = world.server();
    var _ = stores().servers().requestLife(server, LifeRequest.PAUSE, Samples.request());
    stores().servers().paused(world.samples.lease(server), server);
    DrainRecord drain = world.ask(cold(1));
    world.look();
    refuseLive(world);
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.INCOMPLETE);
    assertThat(world.row(drain, server).state()).isEqualTo(ServerState.LEFT);
    assertThat(all(world)).isEmpty();
  }

  @Test
  void asks_for_the_confirmation_only_once_it_is_there_and_again_when_that_failed() {
    DrainWorld world = world(1);
    ServerId server = stopped(world);
    DrainRecord drain = world.ask(cold(1));
    world.look();
    world.look();
    assertThat(all(world).getFirst().status()).isEqualTo(ColdStatus.ACCEPTED);
    world.arriveAll();
    world.look();
    assertThat(all(world).getFirst().status()).isEqualTo(ColdStatus.CONFIRMING);
    assertThat(world.row(drain, server).reason()).contains("is being removed");
    stores()
        .coldMigrations()
        .unsettled(
            world.samples.lease(server),
            all(world).getFirst().id(),
            new Failure(ErrorCode.AGENT_NO_ANSWER, "It is silent."));
    world.look();
    assertThat(all(world).getFirst().status()).as("it rests").isEqualTo(ColdStatus.FINISHED);
    world.pass(Duration.ofSeconds(10));
    world.look();
    assertThat(all(world).getFirst().status()).isEqualTo(ColdStatus.CONFIRMING);
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.DRAINED);
  }

  @Test
  void leaves_alone_what_somebody_has_reverted() {
    DrainWorld world = world(1);
    ServerId server = stopped(world);
    DrainRecord drain = world.ask(cold(1));
    world.look();
    world.arriveAll();
    var _ = stores().coldMigrations().requestRevert(server, Samples.request());
    Lease lease = world.samples.lease(server);
    ColdMigrationRecord migration = all(world).getFirst();
    stores().coldMigrations().ownerReturned(lease, migration.id());
    stores().coldMigrations().reverted(lease, migration.id(), Optional.empty(), List.of());
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.INCOMPLETE);
    assertThat(world.row(drain, server).reason()).isEqualTo("Its cold migration was reverted.");
    assertThat(all(world)).hasSize(1);
  }

  @Test
  void that_is_cancelled_lets_it_go_on_to_its_end() {
    DrainWorld world = world(1);
    ServerId server = stopped(world);
    DrainRecord drain = world.ask(cold(1));
    world.look();
    var _ = stores().drains().order(drain.id(), Order.ABORT);
    world.look();
    world.arriveAll();
    world.look();
    world.arriveAll();
    world.look();
    assertThat(world.drain(drain).state()).isEqualTo(State.CANCELLED);
    assertThat(world.row(drain, server).state()).isEqualTo(ServerState.MOVED);
    assertThat(all(world).getFirst().status()).isEqualTo(ColdStatus.CONFIRMED);
  }

  @Test
  void that_is_paused_begins_none_and_confirms_what_has_arrived() {
    DrainWorld world = world(1);
    ServerId first = stopped(world);
    ServerId second = stopped(world);
    DrainRecord drain =
        world.ask(
            DrainWorld.wishes(
                limits(Optional.of(1), Optional.empty(), 3), OnCannotMove.COLD, Optional.empty()));
    world.look();
    var _ = stores().drains().order(drain.id(), Order.PAUSE);
    for (int i = 0; i < 5; i++) {
      world.arriveAll();
      world.look();
    }
    assertThat(List.of(world.row(drain, first).state(), world.row(drain, second).state()))
        .containsExactlyInAnyOrder(ServerState.MOVED, ServerState.WAITING);
    var _ = stores().drains().order(drain.id(), Order.RESUME);
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.DRAINED);
  }

  @Test
  void brings_home_cold_what_is_stopped() {
    DrainWorld world = world(1);
    ServerId server = stopped(world);
    DrainRecord drain = world.run(world.ask(cold(1)), MANY);
    var _ = stores().drains().order(drain.id(), Order.RETURN);
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.RETURNED);
    assertThat(world.row(drain, server).leg()).isEqualTo(Leg.HOME);
    assertThat(world.row(drain, server).state()).isEqualTo(ServerState.MOVED);
    assertThat(host(server)).contains(world.home);
    assertThat(state(server)).isEqualTo(VmState.STOPPED);
  }

  @Test
  void that_is_only_planned_says_what_would_move_cold() {
    DrainWorld world = world(1);
    ServerId server = stopped(world);
    DrainRecord plan =
        stores()
            .drains()
            .request(new NewDrain(UUID.randomUUID(), world.home, cold(1), true), Samples.request());
    DrainRecord end = world.run(plan, 2);
    assertThat(end.state()).isEqualTo(State.PLANNED);
    PlannedMove move = end.plan().orElseThrow().moves().getFirst();
    assertThat(move.server()).isEqualTo(server);
    assertThat(move.target()).contains(world.others.getFirst());
    assertThat(move.cold()).get().asString().contains("It is stopped");
    assertThat(all(world)).isEmpty();
  }

  /** Every prefix of what a conductor writes is what another may find. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void goes_on_wherever_a_conductor_dies(boolean afterTheEffect) {
    boolean died = true;
    for (int writes = 0; died; writes++) {
      DrainWorld world = world(2);
      world.writesLeft = writes;
      world.afterTheEffect = afterTheEffect;
      ServerId stopped = stopped(world);
      ServerId running = world.server();
      DrainRecord drain = world.ask(cold(1));
      world.look();
      for (MigrationRecord live : world.moving()) {
        world.fail(live, NO_CPU);
      }
      for (int i = 0; i < MANY && world.drain(drain).endedAt().isEmpty(); i++) {
        world.look();
        world.moving().forEach(live -> world.fail(live, NO_CPU));
        world.arriveAll();
        world.pass(Duration.ofSeconds(10));
      }
      assertThat(world.drain(drain).state()).as("after %d writes", writes).isEqualTo(State.DRAINED);
      assertThat(world.row(drain, stopped).state()).isEqualTo(ServerState.MOVED);
      assertThat(world.row(drain, running).state()).isEqualTo(ServerState.MOVED);
      assertThat(state(running)).isEqualTo(VmState.ACTIVE);
      assertThat(all(world)).as("each moved once").hasSize(2);
      assertThat(all(world)).allMatch(each -> each.status() == ColdStatus.CONFIRMED);
      died = world.died;
    }
  }
}
