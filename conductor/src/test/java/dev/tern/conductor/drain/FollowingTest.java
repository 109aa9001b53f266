package dev.tern.conductor.drain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.InMemoryStores;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A server with the hint different_host")
class FollowingTest {
  private final InMemoryStores stores = new InMemoryStores();
  private final DrainWorld world = new DrainWorld(stores, 2);
  private final HostName one = world.others.getFirst();
  private final HostName two = world.others.getLast();
  private final ServerId other = world.samples.active(one).id();
  private final ServerId apart = world.hinted(world.home, List.of(other), List.of());
  private final Map<ServerId, DrainServer> rows = new HashMap<>();
  private final Following following =
      new Following(
          rows,
          server -> Optional.of(server.equals(other) ? two : one),
          ids -> stores.servers().find(ids));

  @BeforeEach
  void both_wait() {
    rows.put(other, DrainServer.waiting(other, Leg.OUT, 0));
    rows.put(apart, DrainServer.waiting(apart, Leg.OUT, 1));
  }

  private ServerRecord record(ServerId server) {
    return stores.servers().find(server).orElseThrow();
  }

  private Optional<String> waits(ServerId server) {
    return following.waits(Objects.requireNonNull(rows.get(server)), record(server));
  }

  @Test
  void waits_until_the_other_has_left_where_it_goes() {
    assertThat(waits(apart))
        .contains("It waits until server %s has left %s (different_host).".formatted(other, one));
    assertThat(waits(other)).isEmpty();
    MigrationRecord migration =
        stores
            .migrations()
            .requestLiveMigration(DrainWorld.elsewhere(other, two), Samples.request());
    rows.computeIfPresent(other, (_, row) -> row.moving(one, two, migration.id()));
    assertThat(waits(apart)).isPresent();
    world.arrive(migration);
    assertThat(waits(apart)).isEmpty();
  }

  @Test
  void waits_for_none_that_stays_or_goes_after_it() {
    rows.computeIfPresent(other, (_, row) -> row.at(2));
    assertThat(waits(apart)).isEmpty();
    rows.computeIfPresent(other, (_, row) -> row.at(0).in(ServerState.LEFT, "It is locked."));
    assertThat(waits(apart)).isEmpty();
  }

  @Test
  void goes_after_one_whose_place_it_takes_and_after_no_other() {
    assertThat(Following.after(record(apart), one, Map.of(other, one))).containsExactly(other);
    assertThat(Following.after(record(apart), two, Map.of(other, one))).isEmpty();
    assertThat(Following.after(record(other), one, Map.of(apart, world.home))).isEmpty();
  }
}
