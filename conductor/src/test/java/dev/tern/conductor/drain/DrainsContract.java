package dev.tern.conductor.drain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.contract.host.HostAnswer.WritesWatched;
import dev.tern.contract.host.HostReport;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Leg;
import dev.tern.store.DrainStore.Limits;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.OnCannotMove;
import dev.tern.store.DrainStore.Order;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.PlannedMove;
import dev.tern.store.DrainStore.Sequence;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.LifeRequest;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.Requested;
import dev.tern.store.Stores;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What drains do, over any stores. */
@Tag("S138")
@Tag("S141")
abstract class DrainsContract {
  private static final int MANY = 60;

  abstract Stores stores();

  private DrainWorld world(int others) {
    return new DrainWorld(stores(), others);
  }

  private static Limits atOnce(int out) {
    return new Limits(
        Optional.of(out), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  private static Limits tries(int tries) {
    return new Limits(
        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(tries));
  }

  private static Wishes otherwise(OnCannotMove what, int tries) {
    return DrainWorld.wishes(tries(tries), what, Optional.empty());
  }

  @Test
  void empties_its_host_within_its_limit_and_tells_each_move() {
    DrainWorld world = world(2);
    List<ServerId> servers = List.of(world.server(), world.server(), world.server());
    DrainRecord drain =
        world.ask(DrainWorld.wishes(atOnce(1), OnCannotMove.LEAVE, Optional.empty()));
    DrainRecord end = world.run(drain, MANY);
    assertThat(end.state()).isEqualTo(State.DRAINED);
    assertThat(world.mostAtOnce).isEqualTo(1);
    assertThat(world.all(_ -> true)).hasSize(3);
    for (ServerId server : servers) {
      DrainServer row = world.row(drain, server);
      assertThat(row.state()).isEqualTo(ServerState.MOVED);
      assertThat(row.from()).contains(world.home);
      assertThat(row.to()).get().isIn(world.others);
      assertThat(row.pause()).contains(Duration.ofMillis(123));
      assertThat(row.tries()).isEqualTo(1);
    }
    assertThat(end.plan().orElseThrow().moves()).hasSize(3);
  }

  @Test
  void of_an_empty_host_ends_at_once() {
    DrainWorld world = world(1);
    assertThat(world.run(world.ask(Wishes.NONE), 1).state()).isEqualTo(State.DRAINED);
  }

  @Test
  void that_only_planned_is_forgotten_after_a_time() {
    DrainWorld world = world(1);
    DrainRecord real = world.run(world.ask(Wishes.NONE), 1);
    DrainRecord plans =
        stores()
            .drains()
            .request(
                new NewDrain(UUID.randomUUID(), world.home, Wishes.NONE, true), Samples.request());
    world.look();
    assertThat(world.drain(plans).state()).isEqualTo(State.PLANNED);
    stores().pass(Duration.ofMinutes(59));
    world.forgetDryRuns();
    assertThat(stores().drains().find(plans.id())).isPresent();
    stores().pass(Duration.ofMinutes(1));
    world.forgetDryRuns();
    assertThat(stores().drains().find(plans.id())).isEmpty();
    assertThat(world.drain(real).state()).isEqualTo(State.DRAINED);
  }

  @Test
  void goes_in_the_order_that_is_given() {
    DrainWorld world = world(1);
    ServerId first = world.server();
    ServerId second = world.server();
    ServerId third = world.server();
    DrainRecord drain =
        world.ask(
            new Wishes(
                Optional.empty(),
                atOnce(1),
                Sequence.GIVEN,
                List.of(third, first, second),
                OnCannotMove.LEAVE,
                Set.of()));
    var _ = world.run(drain, MANY);
    assertThat(world.all(_ -> true).reversed())
        .extracting(MigrationRecord::server)
        .containsExactly(third, first, second);
  }

  @Test
  void tries_another_destination_after_a_rest() {
    DrainWorld world = world(2);
    ServerId server = world.server();
    DrainRecord drain = world.ask(Wishes.NONE);
    world.look();
    HostName first = world.moving().getFirst().requestedHost().orElseThrow();
    world.fail(world.moving().getFirst(), "The link broke.");
    world.look();
    assertThat(world.moving()).isEmpty();
    assertThat(world.row(drain, server).reason()).isEqualTo("The link broke.");
    assertThat(world.row(drain, server).refused()).containsEntry(first, "The link broke.");
    world.pass(Duration.ofSeconds(9));
    world.look();
    assertThat(world.moving()).isEmpty();
    world.pass(Duration.ofSeconds(1));
    world.look();
    assertThat(world.moving().getFirst().requestedHost()).isNotEqualTo(Optional.of(first));
    world.arriveAll();
    assertThat(world.run(drain, 3).state()).isEqualTo(State.DRAINED);
    assertThat(world.row(drain, server).tries()).isEqualTo(2);
  }

  private DrainRecord failing(DrainWorld world, DrainRecord drain) {
    for (int i = 0; i < 10; i++) {
      world.look();
      world.moving().forEach(migration -> world.fail(migration, "The link broke."));
      world.pass(Duration.ofMinutes(1));
    }
    return world.drain(drain);
  }

  @Test
  void leaves_what_cannot_be_moved_and_says_why() {
    DrainWorld world = world(2);
    ServerId server = world.server();
    DrainRecord end = failing(world, world.ask(otherwise(OnCannotMove.LEAVE, 2)));
    assertThat(end.state()).isEqualTo(State.INCOMPLETE);
    assertThat(world.row(end, server).state()).isEqualTo(ServerState.LEFT);
    assertThat(world.row(end, server).reason()).isEqualTo("Tried 2 times. The link broke.");
    assertThat(world.all(_ -> true)).hasSize(2);
  }

  @Test
  void asks_what_becomes_of_what_cannot_be_moved() {
    DrainWorld world = world(2);
    ServerId server = world.server();
    DrainRecord asking = failing(world, world.ask(otherwise(OnCannotMove.ASK, 1)));
    assertThat(asking.state()).isEqualTo(State.DRAINING);
    assertThat(asking.waiting()).get().asString().contains("Servers that cannot be moved: 1");
    assertThat(world.row(asking, server).state()).isEqualTo(ServerState.ASKING);
    var _ = stores().drains().order(asking.id(), Order.RESUME);
    assertThat(world.run(asking, MANY).state()).isEqualTo(State.DRAINED);
  }

  @Test
  void stops_what_cannot_be_moved_when_that_is_wished() {
    DrainWorld world = world(2);
    ServerId server = world.server();
    DrainRecord drain = failing(world, world.ask(otherwise(OnCannotMove.STOP, 1)));
    assertThat(world.row(drain, server).state()).isEqualTo(ServerState.STOPPING);
    Lease lease = world.samples.lease(server);
    stores().servers().stopped(lease, server);
    assertThat(world.run(drain, 5).state()).isEqualTo(State.INCOMPLETE);
    assertThat(world.row(drain, server).state()).isEqualTo(ServerState.STOPPED);
    assertThat(world.row(drain, server).reason()).isEqualTo("The link broke.");
  }

  @Test
  void leaves_a_paused_server_that_it_could_neither_move_nor_stop() {
    DrainWorld world = world(2);
    ServerId server = world.server();
    var _ = stores().servers().requestLife(server, LifeRequest.PAUSE, Samples.request());
    stores().servers().paused(world.samples.lease(server), server);
    DrainRecord end = failing(world, world.ask(otherwise(OnCannotMove.STOP, 1)));
    assertThat(end.state()).isEqualTo(State.INCOMPLETE);
    assertThat(world.row(end, server).reason())
        .isEqualTo("The link broke. It is paused, and so cannot be stopped.");
  }

  @Test
  void says_of_a_stopped_server_that_it_cannot_move() {
    DrainWorld world = world(1);
    ServerId server = world.server();
    var _ =
        stores()
            .servers()
            .requestStop(server, new Requested(RequestId.of(UUID.randomUUID()), "ursula", "sea"));
    stores().servers().stopped(world.samples.lease(server), server);
    DrainRecord end = world.run(world.ask(Wishes.NONE), MANY);
    assertThat(end.state()).isEqualTo(State.INCOMPLETE);
    assertThat(world.row(end, server).reason()).contains("It is stopped");
    assertThat(stores().servers().find(server).orElseThrow().vmState()).isEqualTo(VmState.STOPPED);
  }

  @Test
  void begins_nothing_while_it_is_paused_and_goes_on_after() {
    DrainWorld world = world(1);
    var _ = world.server();
    DrainRecord drain = world.ask(Wishes.NONE);
    var _ = stores().drains().order(drain.id(), Order.PAUSE);
    world.look();
    world.look();
    assertThat(world.moving()).isEmpty();
    assertThat(world.drain(drain).waiting()).contains("The drain is paused.");
    var _ = stores().drains().order(drain.id(), Order.RESUME);
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.DRAINED);
  }

  @Test
  void passes_over_a_target_that_others_keep_busy() {
    DrainWorld world = world(3);
    List<ServerId> servers = List.of(world.server(), world.server());
    HostName away = world.others.get(2);
    ServerId stranger = world.samples.active(away).id();
    Limits one =
        new Limits(
            Optional.of(1), Optional.of(1), Optional.empty(), Optional.empty(), Optional.empty());
    DrainRecord drain = world.ask(DrainWorld.wishes(one, OnCannotMove.LEAVE, Optional.empty()));
    var _ = stores().drains().order(drain.id(), Order.PAUSE);
    world.look();
    List<PlannedMove> moves = world.drain(drain).plan().orElseThrow().moves();
    assertThat(moves).extracting(PlannedMove::server).containsExactlyInAnyOrderElementsOf(servers);
    HostName busy = moves.getFirst().target().orElseThrow();
    assertThat(moves.getLast().target()).get().isNotIn(busy, away);
    var _ =
        stores()
            .migrations()
            .requestLiveMigration(DrainWorld.elsewhere(stranger, busy), Samples.request());
    var _ = stores().drains().order(drain.id(), Order.RESUME);
    world.look();
    assertThat(world.row(drain, moves.getFirst().server()).state()).isEqualTo(ServerState.WAITING);
    assertThat(world.row(drain, moves.getLast().server()).state()).isEqualTo(ServerState.MOVING);
  }

  @Test
  void begins_nothing_that_cannot_end_before_the_deadline() {
    DrainWorld world = world(1);
    ServerId server = world.server();
    DrainRecord drain =
        world.ask(
            DrainWorld.wishes(
                Limits.NONE, OnCannotMove.LEAVE, Optional.of(world.now.plusSeconds(3))));
    world.look();
    assertThat(world.moving()).isEmpty();
    assertThat(world.drain(drain).plan().orElseThrow().remarks())
        .anyMatch(remark -> remark.contains("cannot be met: the earliest possible end is"));
    assertThat(world.run(drain, 3).state()).isEqualTo(State.INCOMPLETE);
    assertThat(world.row(drain, server).reason()).startsWith("Not begun: it needs about 14 s");
    assertThat(world.all(_ -> true)).isEmpty();
  }

  @Test
  void waits_for_servers_that_were_on_their_way() {
    DrainWorld world = world(2);
    ServerId away = world.samples.active(world.others.getFirst()).id();
    MigrationRecord coming =
        stores()
            .migrations()
            .requestLiveMigration(DrainWorld.elsewhere(away, world.home), Samples.request());
    Lease lease = world.samples.lease(away);
    stores()
        .migrations()
        .planned(lease, coming.id(), world.home, world.samples.claim(away, world.home), 1);
    DrainRecord drain = world.ask(Wishes.NONE);
    world.look();
    assertThat(world.drain(drain).state()).isEqualTo(State.DRAINING);
    assertThat(world.drain(drain).waiting()).get().asString().contains("are waited for: 1");
    stores().migrations().ownerChanged(lease, coming.id(), Samples.PAUSE);
    stores().migrations().completed(lease, coming.id());
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.DRAINED);
    assertThat(world.row(drain, away).state()).isEqualTo(ServerState.MOVED);
  }

  @Test
  void of_a_host_that_dies_waits_and_says_so() {
    DrainWorld world = world(1);
    var _ = world.server();
    DrainRecord drain = world.ask(Wishes.NONE);
    assertThat(stores().hosts().setForcedDown(world.home, true)).isTrue();
    world.look();
    assertThat(world.moving()).isEmpty();
    assertThat(world.drain(drain).waiting()).get().asString().contains("does not answer");
    assertThat(stores().hosts().setForcedDown(world.home, false)).isTrue();
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.DRAINED);
  }

  @Test
  void plans_anew_when_a_destination_disappears() {
    DrainWorld world = world(2);
    ServerId first = world.server();
    ServerId second = world.server();
    DrainRecord drain =
        world.ask(DrainWorld.wishes(atOnce(1), OnCannotMove.LEAVE, Optional.empty()));
    world.look();
    Plan plan = world.drain(drain).plan().orElseThrow();
    ServerId waits = world.moving().getFirst().server().equals(first) ? second : first;
    HostName target = target(plan, waits);
    assertThat(stores().hosts().setForcedDown(target, true)).isTrue();
    world.arriveAll();
    world.look();
    Plan anew = world.drain(drain).plan().orElseThrow();
    assertThat(target(anew, waits)).isNotEqualTo(target).isIn(world.others);
    assertThat(anew.firstTakes()).isEqualTo(plan.takes());
    assertThat(anew.madeAt()).isEqualTo(plan.madeAt());
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.DRAINED);
  }

  @Test
  void of_guests_that_write_is_planned_once_they_were_watched_and_takes_longer() {
    DrainWorld world = world(1);
    var _ = world.server();
    Plan quiet = world.planOf(world.ask(Wishes.NONE));
    assertThat(quiet.basis()).contains("what the guests write is not known");

    DrainWorld other = world(1);
    ServerId busy = other.server();
    List<Runnable> watches = new ArrayList<>();
    other.beside = watches::add;
    other.watched =
        new Asked.Answered<>(
            new WritesWatched(Map.of(busy, new GuestWrites(Optional.of(1L << 50), "", 1L << 50))));
    DrainRecord drain = other.ask(Wishes.NONE);
    other.look();
    assertThat(other.drain(drain).plan()).isEmpty();
    assertThat(other.drain(drain).waiting()).get().asString().contains("watched for a second");
    watches.forEach(Runnable::run);
    Plan plan = other.planOf(drain);
    assertThat(plan.basis()).contains("what 1 of 1 guests write");
    Duration still = quiet.moves().getFirst().takes().minusSeconds(2);
    // As when it is slowed down to just below what is sent.
    assertThat(plan.moves().getFirst().takes().minusSeconds(2))
        .isCloseTo(still.multipliedBy(20), Duration.ofMillis(20));
    assertThat(plan.remarks())
        .anySatisfy(remark ->
            assertThat(remark).contains("Written faster than is sent").contains(busy.toString()));
    assertThat(watches).hasSize(1);
  }

  private static HostName target(Plan plan, ServerId server) {
    return plan.moves().stream()
        .filter(move -> move.server().equals(server))
        .findFirst()
        .flatMap(PlannedMove::target)
        .orElseThrow();
  }

  @Test
  void that_nothing_has_room_for_says_what_to_relax() {
    DrainWorld world = world(1);
    ServerId server = world.server();
    assertThat(stores().hosts().setForcedDown(world.others.getFirst(), true)).isTrue();
    DrainRecord end = world.ask(otherwise(OnCannotMove.LEAVE, 2));
    for (int i = 0; i < 4; i++) {
      world.look();
      world.pass(Duration.ofMinutes(1));
    }
    assertThat(world.drain(end).plan().orElseThrow().remarks().getFirst())
        .contains("No order satisfies the rules for server " + server)
        .contains("%s fits if: ".formatted(world.others.getFirst()));
    assertThat(world.drain(end).state()).isEqualTo(State.INCOMPLETE);
    assertThat(world.row(end, server).reason())
        .contains("No host can take it.")
        .contains("is down");
  }

  @Test
  void moves_nothing_to_a_host_that_is_emptied_itself() {
    DrainWorld world = world(1);
    ServerId server = world.server();
    DrainRecord other =
        stores()
            .drains()
            .request(
                new NewDrain(UUID.randomUUID(), world.others.getFirst(), Wishes.NONE, false),
                Samples.request());
    DrainRecord drain = world.ask(otherwise(OnCannotMove.ASK, 1));
    world.look();
    world.look();
    assertThat(world.moving()).isEmpty();
    assertThat(world.row(drain, server).reason())
        .contains("drain %s is emptying it".formatted(other.id()));
    assertThat(world.drain(other).state()).isEqualTo(State.DRAINED);
  }

  @Test
  void waits_while_no_scheduler_answers() {
    DrainWorld world = world(1);
    var _ = world.server();
    DrainRecord drain = world.ask(Wishes.NONE);
    world.scheduler.away = true;
    world.look();
    world.look();
    assertThat(world.moving()).isEmpty();
    assertThat(world.drain(drain).waiting())
        .contains("No scheduler answers: the queue is not read.");
    world.scheduler.away = false;
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.DRAINED);
  }

  @Test
  void whose_end_is_wished_at_once_ends_what_moves_at_home() {
    DrainWorld world = world(1);
    ServerId server = world.server();
    DrainRecord drain = world.ask(Wishes.NONE);
    world.look();
    var _ = stores().drains().order(drain.id(), Order.ABORT);
    world.look();
    MigrationRecord migration = world.moving().getFirst();
    assertThat(migration.abortRequested()).isTrue();
    world.fail(migration, "It was aborted.");
    world.look();
    assertThat(world.row(drain, server).state()).isEqualTo(ServerState.LEFT);
    assertThat(world.row(drain, server).reason()).isEqualTo("It was aborted.");
    assertThat(stores().drains().open(1_000_000))
        .extracting(DrainRecord::id)
        .doesNotContain(drain.id());
  }

  @Test
  void brings_the_servers_home_again() {
    DrainWorld world = world(2);
    List<ServerId> servers = List.of(world.server(), world.server());
    DrainRecord drain = world.run(world.ask(Wishes.NONE), MANY);
    var _ = stores().drains().order(drain.id(), Order.RETURN);
    assertThat(world.run(drain, MANY).state()).isEqualTo(State.RETURNED);
    for (ServerId server : servers) {
      assertThat(stores().servers().find(server).orElseThrow().host()).contains(world.home);
      assertThat(world.row(drain, server).leg()).isEqualTo(Leg.HOME);
      assertThat(world.row(drain, server).state()).isEqualTo(ServerState.MOVED);
      assertThat(world.row(drain, server).to()).contains(world.home);
    }
  }

  @Test
  void that_only_plans_says_all_and_does_nothing() {
    DrainWorld world = world(2);
    ServerId server = world.server();
    DrainRecord plan =
        stores()
            .drains()
            .request(
                new NewDrain(UUID.randomUUID(), world.home, Wishes.NONE, true), Samples.request());
    DrainRecord end = world.run(plan, 2);
    assertThat(end.state()).isEqualTo(State.PLANNED);
    PlannedMove move = end.plan().orElseThrow().moves().getFirst();
    assertThat(move.server()).isEqualTo(server);
    assertThat(move.target()).get().isIn(world.others);
    assertThat(move.bytes()).isEqualTo((128L << 20) + (1L << 30));
    assertThat(world.all(_ -> true)).isEmpty();
    assertThat(stores().drains().servers(plan.id())).isEmpty();
  }

  @Test
  void counts_what_disks_have_and_not_what_they_could() {
    DrainWorld world = world(1);
    var _ = world.server();
    world.agent =
        new Asked.Answered<>(
            new AgentAnswer.Done(
                new DiskReport(
                    List.of(
                        new Disk(
                            "disk0",
                            Optional.empty(),
                            "/disk0.qcow2",
                            Optional.empty(),
                            "qcow2",
                            "none",
                            Optional.empty(),
                            1L << 30,
                            10L << 20)))));
    DrainRecord drain = world.ask(Wishes.NONE);
    world.look();
    assertThat(world.drain(drain).plan().orElseThrow().moves().getFirst().bytes())
        .isEqualTo((128L << 20) + (10L << 20));
  }

  @Test
  void gives_the_largest_the_only_place_that_it_has() {
    DrainWorld world = world(2);
    HostName small = world.others.getFirst();
    HostReport report = Samples.report(small, 2, 1);
    stores().hosts().report(withMemory(report, 200));
    List<ServerId> servers = List.of(world.server(), world.server(), world.server());
    DrainRecord end = world.run(world.ask(Wishes.NONE), MANY);
    assertThat(end.state()).isEqualTo(State.DRAINED);
    assertThat(servers)
        .extracting(server -> stores().servers().find(server).orElseThrow().host().orElseThrow())
        .contains(world.others.get(1));
    assertThat(
            servers.stream()
                .filter(server ->
                    stores().servers().find(server).orElseThrow().host().equals(Optional.of(small)))
                .count())
        .isLessThanOrEqualTo(1);
  }

  private static HostReport withMemory(HostReport of, long mib) {
    return new HostReport(
        of.host(),
        of.agentStartedAtMillis(),
        of.sequence(),
        of.hypervisorType(),
        of.hypervisorVersion(),
        of.hypervisorVersionText(),
        of.accelerator(),
        of.acceleratorReason(),
        of.machineTypes(),
        of.cpuModels(),
        of.missingFeatures(),
        of.vcpus(),
        mib,
        mib,
        of.diskTotalBytes(),
        of.diskFreeBytes(),
        of.migrationAddress(),
        of.uptime(),
        of.insecure(),
        of.guests());
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
      List<ServerId> servers = List.of(world.server(), world.server(), world.server());
      DrainRecord drain = world.ask(Wishes.NONE);
      world.look();
      world.moving().stream().findFirst().ifPresent(each -> world.fail(each, "The link broke."));
      DrainRecord end = world.run(drain, MANY);
      assertThat(end.state()).as("after %d writes", writes).isEqualTo(State.DRAINED);
      assertThat(world.mostAtOnce).isLessThanOrEqualTo(2);
      for (ServerId server : servers) {
        assertThat(world.row(drain, server).state()).isEqualTo(ServerState.MOVED);
        assertThat(world.row(drain, server).tries())
            .isEqualTo(world.all(each -> each.server().equals(server)).size());
      }
      died = world.died;
    }
  }
}
