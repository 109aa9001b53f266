package dev.tern.conductor.drain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.ColdMigrationStore.ColdStatus;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Limits;
import dev.tern.store.DrainStore.OnCannotMove;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.Samples;
import dev.tern.store.Stores;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a drain that moves servers cold asks of its rows and of counts, over any stores. */
@Tag("S138")
@Tag("S141")
abstract class ColdDrainsContract {
  static final int MANY = 60;
  static final String NO_CPU = "Its CPU is not known there.";

  abstract Stores stores();

  DrainWorld world(int others) {
    return new DrainWorld(stores(), others);
  }

  static Limits limits(Optional<Integer> out, Optional<Long> bandwidth, int tries) {
    return new Limits(out, Optional.empty(), Optional.empty(), bandwidth, Optional.of(tries));
  }

  static Wishes cold(int tries) {
    return DrainWorld.wishes(
        limits(Optional.empty(), Optional.empty(), tries), OnCannotMove.COLD, Optional.empty());
  }

  ServerId stopped(DrainWorld world) {
    ServerId server = world.server();
    var _ = stores().servers().requestStop(server, Samples.request());
    stores().servers().stopped(world.samples.lease(server), server);
    return server;
  }

  VmState state(ServerId server) {
    return stores().servers().find(server).orElseThrow().vmState();
  }

  void refuseLive(DrainWorld world) {
    world.moving().forEach(migration -> world.fail(migration, NO_CPU));
  }

  static List<ColdMigrationRecord> all(DrainWorld world) {
    return world.cold(_ -> true);
  }

  @Test
  void moves_cold_what_every_host_refuses_live_and_says_how_long_it_was_down() {
    DrainWorld world = world(1);
    ServerId server = world.server();
    DrainRecord drain = world.ask(cold(5));
    world.look();
    refuseLive(world);
    world.look();
    world.pass(Duration.ofSeconds(10));
    for (int i = 0; i < 3; i++) {
      world.look();
    }
    ColdMigrationRecord migration = all(world).getFirst();
    assertThat(world.row(drain, server).cold()).isTrue();
    PlannedMove move = world.drain(drain).plan().orElseThrow().moves().getFirst();
    assertThat(move.bytes()).as("memory is not sent").isEqualTo(1L << 30);
    assertThat(move.pause()).contains(move.takes());
    assertThat(move.reason())
        .startsWith(
            "It moves cold, and is down for about %d s.".formatted(move.takes().toSeconds()))
        .contains(NO_CPU);
    assertThat(world.drain(drain).plan().orElseThrow().remarks())
        .anyMatch(remark -> remark.startsWith("Moved cold, and so down meanwhile"));
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.DRAINED);
    DrainServer row = world.row(drain, server);
    assertThat(row.migration()).get().hasToString(migration.id().toString());
    assertThat(row.pause()).get().satisfies(pause -> assertThat(pause).isPositive());
    assertThat(state(server)).isEqualTo(VmState.ACTIVE);
    assertThat(world.all(_ -> true)).hasSize(1);
  }

  @Test
  void counts_both_ways_of_moving_against_its_limits_and_divides_its_bandwidth() {
    DrainWorld world = world(2);
    List<ServerId> stopped = List.of(stopped(world), stopped(world), stopped(world));
    var _ = world.server();
    DrainRecord drain =
        world.ask(
            DrainWorld.wishes(
                limits(Optional.of(2), Optional.of(4_000_000L), 3),
                OnCannotMove.COLD,
                Optional.empty()));
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.DRAINED);
    assertThat(world.mostAtOnce).isEqualTo(2);
    assertThat(all(world)).hasSize(stopped.size());
    assertThat(all(world))
        .extracting(ColdMigrationRecord::bytesPerSecond)
        .containsOnly(Optional.of(2_000_000L));
  }

  @Test
  void begins_nothing_while_others_move_as_many_cold() {
    DrainWorld world = world(2);
    ServerId stranger = world.server();
    ServerId server = stopped(world);
    var _ =
        stores()
            .coldMigrations()
            .request(
                new NewColdMigration(
                    UUID.randomUUID(),
                    stranger,
                    Optional.of(world.others.getFirst()),
                    Optional.empty(),
                    Map.of()),
                Samples.request());
    DrainRecord drain =
        world.ask(
            DrainWorld.wishes(
                limits(Optional.of(1), Optional.empty(), 3), OnCannotMove.COLD, Optional.empty()));
    world.look();
    world.look();
    assertThat(world.row(drain, server).state()).isEqualTo(ServerState.WAITING);
    world.arriveAll();
    world.look();
    assertThat(world.row(drain, server).state()).isEqualTo(ServerState.MOVING);
    assertThat(world.drain(drain).waiting().orElse("")).doesNotContain("on their way");
  }

  @Test
  void says_that_somebody_has_to_confirm_what_left_before() {
    DrainWorld world = world(1);
    ServerId stranger = world.server();
    var _ =
        stores()
            .coldMigrations()
            .request(
                new NewColdMigration(
                    UUID.randomUUID(),
                    stranger,
                    Optional.of(world.others.getFirst()),
                    Optional.empty(),
                    Map.of()),
                Samples.request());
    world.arriveAll();
    DrainRecord drain = world.ask(cold(1));
    world.look();
    world.look();
    assertThat(world.drain(drain).waiting())
        .get()
        .asString()
        .endsWith("left %s cold wait to be confirmed or reverted: 1.".formatted(world.home));
    assertThat(all(world).getFirst().status()).isEqualTo(ColdStatus.FINISHED);
  }
}
