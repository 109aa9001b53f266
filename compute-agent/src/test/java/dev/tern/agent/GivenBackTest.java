package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.AskGuest;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.ReturnHome;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.WithdrawKey;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A guest that was handed over and given up, when its source is back")
@Tag("S88")
class GivenBackTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  /** The hand-over was of epoch 2; something younger was asked of the source meanwhile. */
  private static final ReturnHome TOLD = new ReturnHome(header(4), Optional.of(2L));

  private static final ReturnHome TOLD_LATER = new ReturnHome(header(6), Optional.of(2L));

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;

  private IncomingReady ready;

  @BeforeEach
  void isLeaving() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    hosts.source.done(new StartServer(header(1)));
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    hosts.destination.done(new CreateDisks(header(2), facts));
    ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, MOVE));
  }

  private void isHandedOverAndDoesNotArrive() throws Exception {
    hosts.destination.agent.close(); // so that nobody lets it run there
    hosts.source.done(new HandOver(header(2), ready, MOVE));
    hosts.destination.agent = hosts.destination.open();
    hosts.destination.done(new KillIncoming(header(2)));
    assertThat(hosts.source.runner()).isEqualTo(Runner.HANDED_OVER);
    assertThat(hosts.source.refused(new StartServer(header(3))).code().kind())
        .isEqualTo(ErrorCode.Kind.CONFLICT);
  }

  @AfterEach
  void oneRunnerAtEveryInstant() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  @Test
  void runs_there_when_its_process_has_outlived_the_fence() throws Exception {
    isHandedOverAndDoesNotArrive();
    assertThat(hosts.source.done(TOLD)).isInstanceOf(Nothing.class);
    assertThat(world.runners()).containsExactly(hosts.source.instance());
    hosts.source.restart();

    assertThat(hosts.source.done(TOLD)).as("again").isInstanceOf(Nothing.class);
    hosts.source.done(new WithdrawKey(header(4)));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(world.runners()).containsExactly(hosts.source.instance());
    assertThat(hosts.source.keyFiles()).isEmpty();
    assertThat(hosts.source.instance().resolve(MoveNote.FILE)).doesNotExist();
  }

  @Test
  void is_freed_of_its_migration_when_that_had_not_come_to_the_hand_over() throws Exception {
    assertThat(hosts.source.instance().resolve(MoveNote.FILE)).exists();
    hosts.source.restart();

    assertThat(hosts.source.done(TOLD)).isInstanceOf(Nothing.class);

    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(world.objectsAt(hosts.source.instance()).orElseThrow().nodes())
        .noneMatch(node -> node.contains("mirror"));
    assertThat(hosts.source.instance().resolve(MoveNote.FILE)).doesNotExist();
    hosts.source.done(new StopServer(header(5), Duration.ZERO));
    hosts.source.done(new StartServer(header(6)));
    assertThat(hosts.source.done(TOLD_LATER)).as("nothing more to take back").isNotNull();
    assertThat(world.runners()).containsExactly(hosts.source.instance());
  }

  @Test
  void is_a_stopped_server_again_when_its_process_is_gone() throws Exception {
    isHandedOverAndDoesNotArrive();
    hosts.source.agent.close();
    world.kill(hosts.source.instance());
    hosts.source.agent = hosts.source.open();

    assertThat(hosts.source.refused(TOLD).message()).contains("is gone");

    assertThat(hosts.source.instance().resolve(MoveNote.FILE)).doesNotExist();
    assertThat(hosts.source.runner()).isEqualTo(Runner.STOPPED);
    hosts.source.restart();
    assertThat(hosts.source.runner()).isEqualTo(Runner.STOPPED);
    hosts.source.done(new StartServer(header(5)));
    assertThat(world.runners()).containsExactly(hosts.source.instance());
  }

  @Test
  void stays_as_it_is_when_the_hand_over_was_another() throws Exception {
    isHandedOverAndDoesNotArrive();
    for (ReturnHome other :
        new ReturnHome[] {new ReturnHome(header(4), Optional.of(3L)), new ReturnHome(header(4))}) {
      assertThat(hosts.source.refused(other).code().kind()).isEqualTo(ErrorCode.Kind.CONFLICT);
      assertThat(hosts.source.done(new AskGuest(header(4)))).isNotNull();
      assertThat(hosts.source.runner()).isEqualTo(Runner.HANDED_OVER);
    }
    assertThat(world.runners()).isEmpty();
  }
}
