package dev.tern.conductor.drain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Purpose;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.Samples;
import dev.tern.store.ServerLock;
import dev.tern.store.Stores;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Jobs that move a few servers")
class FewMovesTest extends FewMovesContract {
  private final InMemoryStores stores = new InMemoryStores();

  @Override
  Stores stores() {
    return stores;
  }

  /** Three of seven have to go, of which one follows another: the rest is locked. */
  private DrainRecord relief(DrainWorld world) {
    for (int i = 0; i < 4; i++) {
      ServerId locked = world.server();
      var _ =
          stores
              .edits()
              .lock(
                  locked, new ServerLock(ServerLock.By.OWNER, Optional.empty()), Samples.request());
    }
    ServerId _ = world.server();
    return world.few(Purpose.RELIEVE, below(0.5), false);
  }

  @Test
  void move_one_that_follows_another_to_where_that_has_gone_before() {
    DrainWorld world = new DrainWorld(stores, 2);
    ServerId leader = world.server();
    ServerId follower = world.hinted(world.home, List.of(), List.of(leader));
    DrainRecord job = relief(world);
    world.look();
    assertThat(world.drain(job).plan().orElseThrow().moves())
        .extracting(PlannedMove::server)
        .hasSize(3)
        .containsSubsequence(leader, follower);
    assertThat(world.moving()).extracting(MigrationRecord::server).contains(leader);
    for (int i = 0; i < 2; i++) {
      world.moving().stream()
          .filter(migration -> !migration.server().equals(leader))
          .forEach(world::arrive);
      world.look();
    }
    assertThat(world.moving()).extracting(MigrationRecord::server).containsExactly(leader);
    assertThat(world.row(job, follower).reason())
        .isEqualTo("It follows server %s (same_host).".formatted(leader));
    assertThat(world.run(job, 20).state()).isEqualTo(State.DRAINED);
    assertThat(world.row(job, follower).to()).isEqualTo(world.row(job, leader).to());
    assertThat(world.row(job, follower).tries()).isEqualTo(1);
  }

  @Test
  void leave_one_where_it_is_when_the_one_it_follows_stays() {
    DrainWorld world = new DrainWorld(stores, 2);
    ServerId leader = world.server();
    ServerId follower = world.hinted(world.home, List.of(), List.of(leader));
    DrainRecord job = relief(world);
    for (int i = 0; i < 10; i++) {
      world.look();
      world.moving().forEach(migration -> world.fail(migration, "The link broke."));
      world.pass(Duration.ofMinutes(1));
    }
    assertThat(world.drain(job).state()).isEqualTo(State.INCOMPLETE);
    DrainServer row = world.row(job, follower);
    assertThat(row.state()).isEqualTo(ServerState.LEFT);
    assertThat(row.tries()).isZero();
    assertThat(row.reason())
        .startsWith(
            "It shares its host with server %s (same_host), and that is not on ".formatted(leader));
  }
}
