package dev.tern.conductor.drain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Goal;
import dev.tern.store.DrainStore.Order;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Purpose;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.Samples;
import dev.tern.store.ServerLock;
import dev.tern.store.Stores;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What jobs that move a few servers do, over any stores. Hosts have 8 processors, servers one. */
abstract class FewMovesContract {
  private static final Goal EVEN = goal(Optional.empty(), Optional.of(0.05), 20);

  abstract Stores stores();

  private final DrainWorld world() {
    return new DrainWorld(stores(), 2);
  }

  private static Goal goal(Optional<Double> vcpus, Optional<Double> imbalance, int moves) {
    return new Goal(Optional.empty(), vcpus, imbalance, Optional.of(moves));
  }

  static Goal below(double vcpus) {
    return goal(Optional.of(vcpus), Optional.empty(), 100);
  }

  private static void servers(DrainWorld world, int count) {
    IntStream.range(0, count).forEach(_ -> world.server());
  }

  private long claimed(HostName host) {
    return stores().hosts().find(host, Duration.ofMinutes(1)).orElseThrow().claimed().vcpus();
  }

  private static List<PlannedMove> moves(DrainRecord job) {
    return job.plan().map(Plan::moves).orElseThrow();
  }

  @Test
  @Tag("S140")
  void even_out_hosts_and_say_before_what_it_comes_to() {
    DrainWorld world = world();
    servers(world, 6);
    DrainRecord dry = world.few(Purpose.REBALANCE, EVEN, true);
    world.look();
    DrainRecord planned = world.drain(dry);
    assertThat(planned.state()).isEqualTo(State.PLANNED);
    assertThat(moves(planned)).hasSize(4);
    assertThat(planned.plan().orElseThrow().remarks())
        .singleElement()
        .asString()
        .contains("comes to 0.000 by 4 moves");
    assertThat(world.moving()).isEmpty();
    assertThat(claimed(world.home)).isEqualTo(6);

    DrainRecord job = world.few(Purpose.REBALANCE, EVEN, false);
    assertThat(world.few(Purpose.REBALANCE, EVEN, false).id())
        .as("asked twice")
        .isEqualTo(job.id());
    assertThat(world.run(job, 60).state()).isEqualTo(State.DRAINED);
    assertThat(claimed(world.home)).isEqualTo(2);
    world.others.forEach(host -> assertThat(claimed(host)).isEqualTo(2));
    assertThat(world.mostAtOnce).isEqualTo(2);
    assertThat(stores().drains().servers(job.id()))
        .hasSize(4)
        .allMatch(row -> row.state() == ServerState.MOVED);
    assertThat(host(world.home).disabled()).isFalse();
  }

  private HostRecord host(HostName name) {
    return stores().hosts().find(name, Duration.ofMinutes(1)).orElseThrow();
  }

  @Test
  @Tag("S140")
  void move_nothing_when_hosts_are_even() {
    DrainWorld world = world();
    DrainRecord job = world.few(Purpose.REBALANCE, EVEN, false);
    world.look();
    assertThat(world.drain(job).state()).isEqualTo(State.DRAINED);
    assertThat(world.drain(job).plan().orElseThrow().remarks())
        .singleElement()
        .asString()
        .startsWith("Nothing is to be done");
  }

  @Test
  @Tag("S140")
  void leave_alone_what_is_locked_or_may_never_move() {
    DrainWorld world = world();
    ServerId locked = world.server();
    ServerId never = world.server();
    servers(world, 4);
    var _ =
        stores()
            .edits()
            .lock(locked, new ServerLock(ServerLock.By.OWNER, Optional.empty()), Samples.request());
    var _ =
        stores().edits().changeMetadata(never, "metadata", _ -> Map.of("tern:never_move", "true"));
    DrainRecord job = world.few(Purpose.REBALANCE, EVEN, true);
    world.look();
    assertThat(moves(world.drain(job)))
        .extracting(PlannedMove::server)
        .isNotEmpty()
        .doesNotContain(locked, never);
  }

  @Test
  @Tag("S140")
  void go_only_where_the_schedulers_agree() {
    DrainWorld world = world();
    servers(world, 6);
    world.scheduler.hosts.remove(world.others.getFirst());
    DrainRecord job = world.few(Purpose.REBALANCE, EVEN, true);
    world.look();
    assertThat(moves(world.drain(job)))
        .isNotEmpty()
        .allMatch(move -> move.target().equals(Optional.of(world.others.getLast())));
  }

  @Test
  @Tag("S139")
  void bring_a_host_below_what_it_may_have_and_no_further() {
    DrainWorld world = world();
    servers(world, 7);
    DrainRecord job = world.few(Purpose.RELIEVE, below(0.5), false);
    assertThat(world.few(Purpose.RELIEVE, below(0.5), false).id()).isEqualTo(job.id());
    assertThat(world.run(job, 60).state()).isEqualTo(State.DRAINED);
    assertThat(claimed(world.home)).isEqualTo(4);
    world.others.forEach(host -> assertThat(claimed(host)).isLessThanOrEqualTo(4));
  }

  @Test
  @Tag("S139")
  void move_nothing_when_it_would_not_be_enough_and_say_so() {
    DrainWorld world = world();
    servers(world, 7);
    world.others.forEach(host -> IntStream.range(0, 4).forEach(_ -> world.samples.active(host)));
    DrainRecord job = world.few(Purpose.RELIEVE, below(0.5), false);
    world.look();
    assertThat(world.drain(job).state()).isEqualTo(State.INCOMPLETE);
    assertThat(world.all(_ -> true)).isEmpty();
    assertThat(world.drain(job).plan().orElseThrow().remarks())
        .singleElement()
        .asString()
        .contains("cannot be brought so low");
  }

  @Test
  @Tag("S139")
  void bring_home_again_what_a_relief_has_moved() {
    DrainWorld world = world();
    servers(world, 6);
    DrainRecord job = world.run(world.few(Purpose.RELIEVE, below(0.5), false), 60);
    var _ = stores().drains().order(job.id(), Order.RETURN);
    assertThat(world.run(job, 60).state()).isEqualTo(State.RETURNED);
    assertThat(claimed(world.home)).isEqualTo(6);
  }

  @Test
  void are_refused_beside_the_emptying_of_the_same_host_and_the_reverse() {
    DrainWorld world = world();
    servers(world, 6);
    DrainRecord relief = world.few(Purpose.RELIEVE, below(0.5), false);
    assertThatThrownBy(() -> world.ask(Wishes.NONE))
        .hasMessageContaining("is being relieved (drain %s)".formatted(relief.id()));
    var _ = stores().drains().order(relief.id(), Order.CANCEL);
    var _ = world.ask(Wishes.NONE);
    assertThatThrownBy(() -> world.few(Purpose.RELIEVE, below(0.5), false))
        .hasMessageContaining("is being emptied");
  }

  @Test
  void pause_go_on_and_end_when_they_are_told_to() {
    DrainWorld world = world();
    servers(world, 6);
    DrainRecord job = world.few(Purpose.RELIEVE, below(0.25), false);
    world.look();
    var _ = stores().drains().order(job.id(), Order.PAUSE);
    world.arriveAll();
    world.look();
    assertThat(world.moving()).isEmpty();
    assertThat(world.drain(job).waiting()).contains("The drain is paused.");
    var _ = stores().drains().order(job.id(), Order.RESUME);
    world.look();
    assertThat(world.moving()).hasSize(2);
    var _ = stores().drains().order(job.id(), Order.CANCEL);
    world.arriveAll();
    world.look();
    assertThat(world.drain(job).state()).isEqualTo(State.CANCELLED);
    assertThat(claimed(world.home)).isEqualTo(2);
  }

  @Test
  void try_again_after_a_rest_and_leave_what_cannot_be_moved() {
    DrainWorld world = world();
    servers(world, 5);
    DrainRecord job = world.few(Purpose.RELIEVE, below(0.5), false);
    for (int i = 0; i < 10; i++) {
      world.look();
      world.moving().forEach(migration -> world.fail(migration, "The link broke."));
      world.pass(Duration.ofMinutes(1));
    }
    assertThat(world.drain(job).state()).isEqualTo(State.INCOMPLETE);
    DrainServer row = stores().drains().servers(job.id()).getFirst();
    assertThat(row.reason()).isEqualTo("Tried 3 times. The link broke.");
    assertThat(world.all(_ -> true)).hasSize(3);
  }

  /** Whatever write is the last before a conductor dies, the next one comes to the same end. */
  @Test
  @Tag("S138")
  void survive_the_death_of_a_conductor_at_each_of_their_writes() {
    for (boolean afterTheEffect : new boolean[] {false, true}) {
      for (int writes = 0; writes < 40; writes++) {
        DrainWorld world = world();
        servers(world, 3);
        DrainRecord job = world.few(Purpose.RELIEVE, below(0.125), false);
        world.writesLeft = writes;
        world.afterTheEffect = afterTheEffect;
        assertThat(world.run(job, 60).state()).isEqualTo(State.DRAINED);
        assertThat(claimed(world.home)).isEqualTo(1);
        assertThat(world.all(_ -> true)).extracting(MigrationRecord::server).hasSize(2);
        if (!world.died) {
          break;
        }
      }
    }
  }
}
