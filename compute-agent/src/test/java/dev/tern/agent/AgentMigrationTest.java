package dev.tern.agent;

import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CancelHandOver;
import dev.tern.contract.agent.AgentRequest.CancelMirrors;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CheckSource;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.EndCheck;
import dev.tern.contract.agent.AgentRequest.ForceComplete;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.ReturnHome;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.SteerMove;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A migration between two agents")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentMigrationTest {
  private static final Move LIMITS =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;

  /** What happens between two requests, and to each. */
  enum Weather {
    FAIR,
    EVERYTHING_TWICE,
    AGENTS_RESTART,
    TWICE_AND_RESTART
  }

  private Weather weather = Weather.FAIR;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
  }

  @AfterEach
  void oneRunnerAtEveryInstant() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  private AgentResult ask(TwoHosts.Host host, AgentRequest request) throws Exception {
    AgentResult result = host.done(request);
    switch (weather) {
      case FAIR -> {}
      case EVERYTHING_TWICE -> {
        AgentResult again = host.done(request);
        assertThat(again.getClass()).isEqualTo(result.getClass());
        result = again;
      }
      case AGENTS_RESTART -> restart();
      case TWICE_AND_RESTART -> {
        restart();
        result = host.done(request);
        restart();
      }
    }
    return result;
  }

  private void restart() throws Exception {
    hosts.source.restart();
    hosts.destination.restart();
  }

  private void boot() throws Exception {
    ask(hosts.source, new BuildServer(header(1), spec(hosts.rawImage(1))));
    ask(hosts.source, new StartServer(header(1)));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }

  private SourceFacts prepare(long epoch) throws Exception {
    SourceFacts facts = (SourceFacts) ask(hosts.source, new DescribeSource(header(epoch)));
    DestinationFacts there =
        (DestinationFacts) ask(hosts.destination, new CheckDestination(header(epoch), facts, true));
    ask(hosts.source, new CheckSource(header(epoch), there.probeFile(), BlockMigration.AUTO));
    ask(hosts.destination, new EndCheck(header(epoch), there.probeFile()));
    TwoHosts.agreeOnKey(this::ask, hosts.source, hosts.destination, epoch);
    ask(hosts.destination, new CreateDisks(header(epoch), facts));
    return facts;
  }

  private HandedOver perform(long epoch, SourceFacts facts) throws Exception {
    IncomingReady ready =
        (IncomingReady)
            ask(hosts.destination, new StartIncoming(header(epoch), facts, Streams.PLAIN));
    ask(hosts.source, new MirrorDisks(header(epoch), ready, LIMITS));
    if (weather == Weather.AGENTS_RESTART || weather == Weather.TWICE_AND_RESTART) {
      assertThat(hosts.destination.runner()).isEqualTo(Runner.INCOMING);
    }
    return (HandedOver) ask(hosts.source, new HandOver(header(epoch), ready, LIMITS));
  }

  @ParameterizedTest
  @EnumSource(Weather.class)
  @Tag("S87")
  void ends_with_the_guest_there_and_nothing_here(Weather chosen) throws Exception {
    weather = chosen;
    boot();
    HandedOver handedOver = perform(2, prepare(2));
    assertThat(handedOver.sent()).isTrue();
    assertThat(hosts.source.runner()).isEqualTo(Runner.HANDED_OVER);
    ask(hosts.destination, new AwaitArrival(header(2)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    ask(hosts.source, new RetireSource(header(2), false));
    assertThat(hosts.source.runner()).isEqualTo(Runner.ABSENT);
    assertThat(hosts.source.instances()).isEmpty();
    assertThat(hosts.destination.instances()).containsExactly(SERVER.toString());
    assertThat(world.running()).containsExactly(hosts.destination.instance());
    assertThat(hosts.progress).isNotEmpty();
    assertThat(hosts.fetches).hasValue(2);
    hosts.awaitNoKeys();
  }

  @ParameterizedTest
  @EnumSource(Weather.class)
  void and_back_again_ends_where_it_began(Weather chosen) throws Exception {
    weather = chosen;
    boot();
    perform(2, prepare(2));
    ask(hosts.destination, new AwaitArrival(header(2)));
    ask(hosts.source, new RetireSource(header(2), true));
    SourceFacts facts = (SourceFacts) ask(hosts.destination, new DescribeSource(header(3)));
    TwoHosts.agreeOnKey(this::ask, hosts.destination, hosts.source, 3);
    ask(hosts.source, new CreateDisks(header(3), facts));
    IncomingReady ready =
        (IncomingReady) ask(hosts.source, new StartIncoming(header(3), facts, Streams.PLAIN));
    ask(hosts.destination, new MirrorDisks(header(3), ready, LIMITS));
    ask(hosts.destination, new HandOver(header(3), ready, LIMITS));
    ask(hosts.source, new AwaitArrival(header(3)));
    ask(hosts.destination, new RetireSource(header(3), false));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.ABSENT);
    ask(hosts.source, new DestroyServer(header(4)));
    assertThat(world.running()).isEmpty();
    assertThat(hosts.source.instances()).isEmpty();
    assertThat(hosts.source.data.resolve("kept")).isEmptyDirectory();
  }

  @ParameterizedTest
  @EnumSource(Weather.class)
  void taken_back_before_the_hand_over_leaves_the_guest_at_home(Weather chosen) throws Exception {
    weather = chosen;
    boot();
    SourceFacts facts = prepare(2);
    IncomingReady ready =
        (IncomingReady) ask(hosts.destination, new StartIncoming(header(2), facts, Streams.PLAIN));
    ask(hosts.source, new MirrorDisks(header(2), ready, LIMITS));
    ask(hosts.source, new CancelMirrors(header(2)));
    ask(hosts.source, new CancelHandOver(header(2)));
    ask(hosts.destination, new KillIncoming(header(2)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.DEAD);
    ask(hosts.destination, new DeleteDisks(header(2)));
    ask(hosts.destination, new AgentRequest.WithdrawKey(header(2)));
    ask(hosts.source, new AgentRequest.WithdrawKey(header(2)));
    hosts.awaitNoKeys();
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(hosts.destination.instances()).isEmpty();
    assertThat(world.running()).containsExactly(hosts.source.instance());
  }

  @ParameterizedTest
  @EnumSource(Weather.class)
  void whose_destination_died_after_the_hand_over_brings_the_guest_home(Weather chosen)
      throws Exception {
    weather = chosen;
    boot();
    SourceFacts facts = prepare(2);
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));
    hosts.destination.agent.close(); // No agent is there to let the guest run.
    HandedOver handedOver = (HandedOver) hosts.source.done(new HandOver(header(2), ready, LIMITS));
    assertThat(handedOver.sent()).isTrue();
    world.kill(hosts.destination.instance());
    hosts.destination.agent = hosts.destination.open();
    ask(hosts.destination, new KillIncoming(header(2)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.DEAD);
    ask(hosts.source, new ReturnHome(header(2)));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    ask(hosts.destination, new DeleteDisks(header(2)));
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  void whose_guest_arrived_while_no_agent_was_there_is_completed_by_the_next_agent()
      throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));
    hosts.destination.agent.close();
    hosts.source.done(new HandOver(header(2), ready, LIMITS));
    hosts.destination.agent = hosts.destination.open();
    hosts.destination.done(new AwaitArrival(header(2)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  @Tag("S97")
  void whose_arrival_cannot_be_watched_at_first_is_watched_when_asked_again() throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));
    hosts.destination.agent.close();
    hosts.source.done(new HandOver(header(2), ready, LIMITS));
    hosts.destination.agent = hosts.destination.open();
    world.failNext("watchArrival", Kind.NO_ANSWER);
    hosts.destination.refused(new AwaitArrival(header(2)));
    hosts.destination.done(new AwaitArrival(header(2)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void whose_copy_is_declared_dead_cannot_arrive_any_more() throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));
    hosts.destination.done(new KillIncoming(header(2)));
    HandedOver stayed = (HandedOver) hosts.source.done(new HandOver(header(2), ready, LIMITS));
    assertThat(stayed.sent()).isFalse();
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(hosts.destination.refused(new StartIncoming(header(2), facts, Streams.PLAIN)).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    assertThat(hosts.destination.refused(new CreateDisks(header(2), facts)).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
  }

  @Test
  void that_arrived_can_neither_be_killed_nor_taken_home() throws Exception {
    boot();
    perform(2, prepare(2));
    hosts.destination.done(new AwaitArrival(header(2)));
    assertThat(hosts.destination.refused(new KillIncoming(header(2))).code().kind())
        .isEqualTo(ErrorCode.Kind.CONFLICT);
    assertThat(hosts.destination.refused(new DeleteDisks(header(2))).code().kind())
        .isEqualTo(ErrorCode.Kind.CONFLICT);
    hosts.source.done(new RetireSource(header(2), false));
    assertThat(hosts.source.ask(new ReturnHome(header(2))))
        .isInstanceOf(dev.tern.contract.agent.AgentAnswer.Refused.class);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void whose_hand_over_is_recorded_cannot_be_cancelled() throws Exception {
    boot();
    perform(2, prepare(2));
    assertThat(hosts.source.refused(new CancelHandOver(header(2))).code().kind())
        .isEqualTo(ErrorCode.Kind.CONFLICT);
    assertThat(hosts.source.refused(new StartServer(header(2))).code().kind())
        .isEqualTo(ErrorCode.Kind.CONFLICT);
  }

  @Test
  @Tag("S79")
  void without_a_key_or_with_the_key_of_an_ended_one_is_refused_before_anything_moves()
      throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    hosts.destination.done(new AgentRequest.WithdrawKey(header(2)));
    assertThat(
            hosts.destination.refused(new StartIncoming(header(2), facts, Streams.PLAIN)).message())
        .contains("No key is agreed on");
    assertThat(world.running()).containsExactly(hosts.source.instance());
    IncomingReady ready = new IncomingReady("127.0.0.1", 49_400, 49_401, java.util.Map.of(), true);
    hosts.source.done(new AgentRequest.WithdrawKey(header(2)));
    assertThat(hosts.source.refused(new MirrorDisks(header(2), ready, LIMITS)).message())
        .contains("No key is agreed on");
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  @Tag("S76")
  @Tag("S91")
  void to_a_host_whose_ports_are_all_taken_waits_until_there_are_some() throws Exception {
    hosts.destination.lastPort = hosts.destination.firstPort + 1;
    hosts.destination.restart();
    boot();
    SourceFacts facts = prepare(2);
    try (java.net.ServerSocket other =
        new java.net.ServerSocket(
            hosts.destination.firstPort, 1, java.net.InetAddress.ofLiteral("127.0.0.1"))) {
      assertThat(other.isBound()).isTrue();
      AgentAnswer answer =
          hosts.destination.agent.answer(new StartIncoming(header(2), facts, Streams.PLAIN));
      assertThat(answer).isInstanceOf(AgentAnswer.Working.class);
      assertThat(
              hosts
                  .destination
                  .agent
                  .answer(new StartIncoming(header(2), facts, Streams.PLAIN))
                  .toString())
          .contains("waits for a free port");
      // Nothing is started for it meanwhile, and it can be given up.
      assertThat(world.running()).containsExactly(hosts.source.instance());
    }
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    assertThat(List.of(ready.nbdPort(), ready.migrationPort()))
        .containsExactlyInAnyOrder(hosts.destination.firstPort, hosts.destination.firstPort + 1);
  }

  @Test
  @Tag("S91")
  void that_waits_for_ports_can_be_given_up() throws Exception {
    hosts.destination.lastPort = hosts.destination.firstPort + 1;
    hosts.destination.restart();
    boot();
    SourceFacts facts = prepare(2);
    try (java.net.ServerSocket other =
        new java.net.ServerSocket(
            hosts.destination.firstPort, 1, java.net.InetAddress.ofLiteral("127.0.0.1"))) {
      assertThat(other.isBound()).isTrue();
      assertThat(hosts.destination.agent.answer(new StartIncoming(header(2), facts, Streams.PLAIN)))
          .isInstanceOf(AgentAnswer.Working.class);
      hosts.destination.done(new KillIncoming(header(2)));
      assertThat(hosts.destination.runner()).isEqualTo(Runner.DEAD);
      hosts.destination.done(new DeleteDisks(header(2)));
      assertThat(hosts.destination.instances()).isEmpty();
    }
  }

  @Test
  void of_a_passed_epoch_is_refused_everywhere() throws Exception {
    boot();
    SourceFacts facts = prepare(5);
    for (AgentRequest stale :
        List.of(
            new StartServer(header(4)),
            new StopServer(header(4), Duration.ZERO),
            new CancelMirrors(header(4)),
            new ReturnHome(header(4)),
            new RetireSource(header(4), false),
            new DestroyServer(header(0)))) {
      // The source has taken up nothing of epoch 5 but looks, so it still is at 1.
      hosts.source.done(new CancelMirrors(header(5)));
      assertThat(hosts.source.refused(stale).code()).isEqualTo(ErrorCode.STALE_EPOCH);
    }
    for (AgentRequest stale :
        List.of(
            new CreateDisks(header(4), facts),
            new StartIncoming(header(4), facts, Streams.PLAIN),
            new KillIncoming(header(4)),
            new DeleteDisks(header(4)))) {
      assertThat(hosts.destination.refused(stale).code()).isEqualTo(ErrorCode.STALE_EPOCH);
    }
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void is_undone_by_undos_of_steps_that_never_happened() throws Exception {
    boot();
    hosts.destination.done(new KillIncoming(header(2)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.DEAD);
    hosts.destination.done(new DeleteDisks(header(2)));
    hosts.destination.done(new DeleteDisks(header(2)));
    hosts.source.done(new CancelMirrors(header(2)));
    hosts.source.done(new CancelHandOver(header(2)));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  @Tag("S109")
  void to_a_host_with_an_older_hypervisor_is_refused_with_both_versions() throws Exception {
    boot();
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    Failure refused =
        hosts.destination.refused(
            new CheckDestination(
                header(2),
                new SourceFacts(
                    facts.recipe(),
                    facts.hypervisorType(),
                    8_000_001,
                    facts.machineType(),
                    facts.accelerator(),
                    facts.vcpus(),
                    facts.memoryMib(),
                    facts.disks(),
                    facts.images(),
                    facts.layers(),
                    facts.paused(),
                    facts.policy(),
                    facts.suppressVmdesc()),
                true));
    assertThat(refused.code()).isEqualTo(ErrorCode.DESTINATION_HYPERVISOR_TOO_OLD);
    assertThat(refused.message()).contains("8.0.1", "7.2.22");
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  void to_a_full_host_is_refused_with_both_figures() throws Exception {
    boot();
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    hosts.destination.figures.diskFree = (1L << 30) + 1000;
    Failure refused = hosts.destination.refused(new CheckDestination(header(2), facts, true));
    assertThat(refused.code()).isEqualTo(ErrorCode.DESTINATION_LACKS_DISK);
    assertThat(refused.message()).contains("1000").contains(Long.toString((64L << 20) + 262_144));
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  @Tag("S115")
  void counts_the_virtual_size_when_over_commit_is_not_allowed() throws Exception {
    boot();
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    DestinationFacts real =
        (DestinationFacts) hosts.destination.done(new CheckDestination(header(2), facts, true));
    DestinationFacts virtual =
        (DestinationFacts) hosts.destination.done(new CheckDestination(header(2), facts, false));
    assertThat(virtual.neededBytes() - real.neededBytes())
        .isEqualTo(facts.virtualBytes() - facts.allocatedBytes());
  }

  @Test
  @Tag("S110")
  @Tag("S111")
  @Tag("S22")
  void on_the_wrong_storage_is_refused_in_Novas_words() throws Exception {
    boot();
    Path seen = hosts.source.data.resolve("instances/probe-" + SERVER);
    Files.writeString(seen, "destination");
    String probe = seen.getFileName().toString();
    assertThat(hosts.source.refused(new CheckSource(header(2), probe, BlockMigration.YES)).code())
        .isEqualTo(ErrorCode.INVALID_LOCAL_STORAGE);
    Files.delete(seen);
    assertThat(hosts.source.refused(new CheckSource(header(2), probe, BlockMigration.NO)).code())
        .isEqualTo(ErrorCode.INVALID_SHARED_STORAGE);
    hosts.source.done(new CheckSource(header(2), probe, BlockMigration.YES));
  }

  @Test
  void to_a_host_where_the_server_lives_is_refused() throws Exception {
    boot();
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    assertThat(hosts.source.refused(new CheckDestination(header(2), facts, true)).code())
        .isEqualTo(ErrorCode.DESTINATION_DISK_EXISTS);
    assertThat(hosts.source.refused(new CreateDisks(header(2), facts)).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void over_the_leftovers_of_a_former_one_begins_afresh() throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    // The former saga's undo never came; the next migration chooses the same host.
    prepare(3);
    assertThat(perform(3, facts).sent()).isTrue();
    hosts.destination.done(new AwaitArrival(header(3)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    assertThat(world.running()).hasSize(2);
  }

  @Test
  @Tag("S130")
  void whose_recipe_points_outside_is_refused_before_anything_is_made() throws Exception {
    boot();
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    for (Map.Entry<String, String> hostile :
        Map.of(
                "disk0.qcow2",
                "../../disk0.qcow2",
                SERVER.toString(),
                "0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c02",
                facts.images().getFirst().sha256(),
                "../../../etc/passwd",
                "\"version\":2",
                "\"version\":99")
            .entrySet()) {
      SourceFacts forged =
          recipe(facts, facts.recipe().replace(hostile.getKey(), hostile.getValue()));
      assertThat(forged.recipe()).isNotEqualTo(facts.recipe());
      assertThat(hosts.destination.refused(new CreateDisks(header(2), forged)).code())
          .as(hostile.getValue())
          .isEqualTo(ErrorCode.INVALID_INPUT);
    }
    assertThat(hosts.destination.instances()).isEmpty();
    for (String probe : List.of("../agent.lock", "probe-..", "/etc/passwd", SERVER.toString())) {
      assertThat(hosts.destination.refused(new EndCheck(header(2), probe)).code())
          .isEqualTo(ErrorCode.INVALID_INPUT);
    }
  }

  private static SourceFacts recipe(SourceFacts facts, String recipe) {
    return new SourceFacts(
        recipe,
        facts.hypervisorType(),
        facts.hypervisorVersion(),
        facts.machineType(),
        facts.accelerator(),
        facts.vcpus(),
        facts.memoryMib(),
        facts.disks(),
        facts.images(),
        facts.layers(),
        facts.paused(),
        facts.policy(),
        facts.suppressVmdesc());
  }

  @Test
  void to_an_address_that_is_no_hosts_is_refused() throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    IncomingReady elsewhere =
        new IncomingReady(
            "0.0.0.0",
            ready.nbdPort(),
            ready.migrationPort(),
            ready.exports(),
            ready.suppressVmdesc());
    assertThat(hosts.source.refused(new MirrorDisks(header(2), elsewhere, LIMITS)).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
    assertThat(hosts.source.refused(new HandOver(header(2), elsewhere, LIMITS)).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
  }

  @Test
  void whose_mirror_fails_says_so_and_leaves_the_guest_running() throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    world.failNext("mirrorDisks", Kind.REFUSED);
    assertThat(hosts.source.refused(new MirrorDisks(header(2), ready, LIMITS)).code())
        .isEqualTo(ErrorCode.HYPERVISOR_FAILED);
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));
  }

  @Test
  void whose_hand_over_has_no_answer_before_its_record_stays_at_home() throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    world.failNext("handOver", Kind.NO_ANSWER);
    assertThat(perform(2, facts).sent()).isFalse();
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void whose_hand_over_loses_its_answer_after_its_record_is_sent() throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    world.loseNextAnswer("handOver");
    assertThat(perform(2, facts).sent()).isTrue();
    hosts.destination.done(new AwaitArrival(header(2)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    assertThat(hosts.source.runner()).isEqualTo(Runner.HANDED_OVER);
  }

  @Test
  void whose_incoming_QEMU_died_is_known_to_have_no_arrival() throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    world.kill(hosts.destination.instance());
    assertThat(hosts.destination.refused(new AwaitArrival(header(2))).code())
        .isEqualTo(ErrorCode.HYPERVISOR_FAILED);
    assertThat(hosts.destination.refused(new StartIncoming(header(2), facts, Streams.PLAIN)).code())
        .isEqualTo(ErrorCode.HYPERVISOR_FAILED);
    assertThat(Optional.of(hosts.destination.runner())).contains(Runner.INCOMING);
  }

  @Test
  @Tag("S96")
  void whose_source_QEMU_died_while_its_disks_moved_leaves_no_note_of_the_move() throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));
    assertThat(MoveNote.read(hosts.source.instance(), 2)).isPresent();
    world.kill(hosts.source.instance());
    until(
        "the source knows that its guest ended",
        Duration.ofSeconds(20),
        () -> hosts.source.runner() == Runner.STOPPED);
    hosts.source.done(new CancelMirrors(header(2)));
    hosts.source.done(new CancelMirrors(header(2)));
    assertThat(MoveNote.read(hosts.source.instance(), 2)).isEmpty();
    assertThat(hosts.source.instance().resolve("disk0.qcow2")).exists();
  }

  @Test
  void is_steered_and_forced_beside_its_work_also_over_a_restart() throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    MovePolicy narrow =
        new MovePolicy(
            7,
            Duration.ofMillis(50),
            1 << 20,
            Duration.ofMinutes(1),
            AtDeadline.FORCE,
            false,
            true);
    assertThat(hosts.source.agent.answer(new SteerMove(header(2), narrow)))
        .as("nothing moves yet")
        .isInstanceOf(AgentAnswer.Working.class);
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));

    hosts.source.done(new SteerMove(header(2), narrow));
    hosts.source.done(new SteerMove(header(2), narrow));
    hosts.source.done(new ForceComplete(header(2)));
    hosts.source.restart();
    hosts.source.done(new SteerMove(header(2), LIMITS.policy()));

    MoveNote note = MoveNote.read(hosts.source.instance(), 2).orElseThrow();
    assertThat(note.policy()).as("the younger one stays").isEqualTo(narrow);
    assertThat(note.forced()).isTrue();
    assertThat(MoveNote.read(hosts.source.instance(), 3)).isEmpty();
    assertThat(hosts.source.refused(new SteerMove(header(1), narrow)).code())
        .isEqualTo(ErrorCode.STALE_EPOCH);
    hosts.source.done(new HandOver(header(2), ready, LIMITS));
    assertThat(hosts.source.refused(new ForceComplete(header(2))).code())
        .as("handed over")
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
  }

  @Test
  void whose_policy_cannot_be_used_changes_nothing() throws Exception {
    boot();
    SourceFacts facts = prepare(2);
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    for (MovePolicy bad :
        List.of(
            policy(Duration.ZERO, 0, Duration.ofSeconds(1), AtDeadline.ABORT),
            policy(Duration.ofMillis(1), -1, Duration.ofSeconds(1), AtDeadline.ABORT),
            policy(Duration.ofMillis(1), 0, Duration.ZERO, AtDeadline.ABORT),
            policy(Duration.ofMillis(1), 0, Duration.ofDays(8), AtDeadline.ABORT),
            policy(Duration.ofMillis(1), 0, Duration.ofSeconds(1), AtDeadline.POST_COPY))) {
      assertThat(
              hosts
                  .source
                  .refused(new MirrorDisks(header(2), ready, new Move(bad, Streams.PLAIN)))
                  .code())
          .isEqualTo(ErrorCode.INVALID_INPUT);
    }
    assertThat(MoveNote.read(hosts.source.instance(), 2)).isEmpty();
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }

  private static MovePolicy policy(
      Duration maxPause, long bytesPerSecond, Duration deadline, AtDeadline atDeadline) {
    return new MovePolicy(0, maxPause, bytesPerSecond, deadline, atDeadline, false, true);
  }

  @Test
  void of_a_paused_guest_that_is_taken_back_leaves_it_paused() throws Exception {
    boot();
    try (dev.tern.virt.Guest guest =
        new FakeVirtDriver(world, Clock.systemUTC()).adopt(hosts.source.instance()).orElseThrow()) {
      guest.recoverAtHome(true); // as its user would have it
    }
    SourceFacts facts = prepare(2);
    assertThat(facts.paused()).isTrue();
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));
    hosts.source.restart();
    hosts.source.done(new CancelHandOver(header(2)));
    hosts.source.done(new CancelMirrors(header(2)));
    assertThat(hosts.source.runner()).isEqualTo(Runner.PAUSED);
  }
}
