package dev.tern.conductor.drain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Limits;
import dev.tern.store.DrainStore.OnCannotMove;
import dev.tern.store.DrainStore.Order;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Sequence;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.Stores;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A drain")
class DrainsTest extends DrainsContract {
  private final InMemoryStores stores = new InMemoryStores();

  @Override
  Stores stores() {
    return stores;
  }

  @Test
  void moves_one_that_follows_another_to_where_that_has_gone_before() {
    DrainWorld world = new DrainWorld(stores, 2);
    ServerId leader = world.server();
    ServerId follower = world.hinted(world.home, List.of(), List.of(leader));
    DrainRecord drain =
        world.ask(
            new Wishes(
                Optional.empty(),
                Limits.NONE,
                Sequence.GIVEN,
                List.of(follower, leader),
                OnCannotMove.LEAVE,
                Set.of()));
    assertThat(world.planOf(drain).moves())
        .extracting(PlannedMove::server)
        .containsExactly(leader, follower);
    world.look();
    assertThat(world.moving()).extracting(MigrationRecord::server).containsExactly(leader);
    assertThat(world.row(drain, follower).reason())
        .isEqualTo("It follows server %s (same_host).".formatted(leader));
    assertThat(world.run(drain, 10).state()).isEqualTo(State.DRAINED);
    assertThat(world.row(drain, follower).state()).isEqualTo(ServerState.MOVED);
    assertThat(world.row(drain, follower).to()).isEqualTo(world.row(drain, leader).to());
    assertThat(world.row(drain, follower).tries()).isEqualTo(1);
  }

  private DrainRecord emptied(DrainWorld world) {
    DrainRecord drain = world.run(world.ask(Wishes.NONE), 20);
    assertThat(drain.state()).isEqualTo(State.DRAINED);
    return stores.drains().order(drain.id(), Order.RETURN);
  }

  @Test
  void brings_home_one_that_follows_another_once_that_is_there() {
    DrainWorld world = new DrainWorld(stores, 2);
    ServerId leader = world.server();
    ServerId follower = world.hinted(world.home, List.of(), List.of(leader));
    DrainRecord drain = emptied(world);
    world.look();
    assertThat(world.moving()).extracting(MigrationRecord::server).containsExactly(leader);
    assertThat(world.row(drain, follower).reason())
        .isEqualTo("It follows server %s (same_host).".formatted(leader));
    assertThat(world.run(drain, 10).state()).isEqualTo(State.RETURNED);
    assertThat(stores.servers().find(follower).orElseThrow().host()).contains(world.home);
    assertThat(world.row(drain, follower).tries()).isEqualTo(1);
  }

  @Test
  void leaves_one_where_it_is_when_the_one_it_follows_did_not_come_home() {
    DrainWorld world = new DrainWorld(stores, 2);
    ServerId leader = world.server();
    ServerId follower = world.hinted(world.home, List.of(), List.of(leader));
    DrainRecord drain = emptied(world);
    for (int i = 0; i < 10; i++) {
      world.look();
      world.moving().forEach(migration -> world.fail(migration, "The link broke."));
      world.pass(Duration.ofMinutes(1));
    }
    assertThat(world.drain(drain).state()).isEqualTo(State.RETURNED);
    assertThat(world.row(drain, leader).reason()).isEqualTo("Tried 3 times. The link broke.");
    DrainServer row = world.row(drain, follower);
    assertThat(row.state()).isEqualTo(ServerState.LEFT);
    assertThat(row.tries()).isZero();
    assertThat(row.reason())
        .isEqualTo(
            "It shares its host with server %s (same_host), and that is not on %s."
                .formatted(leader, world.home));
  }
}
