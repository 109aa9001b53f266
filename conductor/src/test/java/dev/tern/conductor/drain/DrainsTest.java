package dev.tern.conductor.drain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import dev.tern.store.BootTerms;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Limits;
import dev.tern.store.DrainStore.OnCannotMove;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Sequence;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.Stores;
import java.util.List;
import java.util.Map;
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

  /** One with the hint same_host. */
  private ServerId follower(DrainWorld world, ServerId leader) {
    BootTerms terms = new BootTerms(1, Map.of(), Optional.empty(), List.of(), List.of(leader));
    ServerId id =
        stores
            .servers()
            .requestCreate(List.of(Samples.server("guest", "sea")), terms, Samples.request())
            .getFirst()
            .id();
    Lease lease = world.samples.lease(id);
    stores.servers().placed(lease, id, world.home, world.samples.claim(id, world.home));
    stores.servers().running(lease, id);
    return id;
  }

  @Test
  void moves_one_that_follows_another_to_where_that_has_gone_before() {
    DrainWorld world = new DrainWorld(stores, 2);
    ServerId leader = world.server();
    ServerId follower = follower(world, leader);
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
}
