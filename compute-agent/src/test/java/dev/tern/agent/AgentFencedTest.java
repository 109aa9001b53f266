package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.ReleaseSpace;
import dev.tern.contract.agent.AgentRequest.ReturnHome;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult.Arrived;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A guest that came while its destination's agent was away")
class AgentFencedTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;

  @BeforeEach
  void comes() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    hosts.source.done(new StartServer(header(1)));
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    TwoHosts.agreeOnKey((host, request) -> host.done(request), hosts.source, hosts.destination, 2);
    hosts.destination.done(new CreateDisks(header(2), facts));
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(2), ready, MOVE));
    hosts.destination.agent.close();
    hosts.source.done(new HandOver(header(2), ready, MOVE));
    hosts.destination.agent = hosts.destination.open();
  }

  @AfterEach
  void oneRunnerAtEveryInstant() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  @Test
  @Tag("S88")
  void runs_when_its_arrival_is_asked_for_and_not_before() throws Exception {
    assertThat(hosts.destination.runner()).isEqualTo(Runner.INCOMING);
    assertThat(world.runners()).isEmpty();

    assertThat(hosts.destination.done(new AwaitArrival(header(2)))).isInstanceOf(Arrived.class);

    assertThat(world.runners()).containsExactly(hosts.destination.instance());
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  @Tag("S88")
  @Tag("S97")
  void does_not_run_when_it_went_home_meanwhile_and_leaves_nothing() throws Exception {
    // An operator has fenced the destination; its QEMU was not dead after all.
    hosts.source.done(new ReturnHome(header(2)));
    assertThat(world.runners()).containsExactly(hosts.source.instance());

    GuestReport told = (GuestReport) hosts.destination.done(new KillIncoming(header(2)));
    hosts.destination.done(new DeleteDisks(header(2)));
    hosts.destination.done(new ReleaseSpace(header(2)));

    assertThat(told.runner()).isEqualTo(Runner.DEAD);
    assertThat(world.running()).containsExactly(hosts.source.instance());
    assertThat(hosts.destination.instances()).isEmpty();
    assertThat(hosts.destination.data.resolve("reserved")).isEmptyDirectory();
    assertThat(Files.exists(hosts.source.instance())).isTrue();
  }

  @Test
  @Tag("S88")
  void that_had_run_there_is_kept_when_its_epoch_is_said_to_be_dead() throws Exception {
    hosts.destination.done(new AwaitArrival(header(2)));
    hosts.destination.agent.close();
    world.kill(hosts.destination.instance());
    hosts.destination.agent = hosts.destination.open();

    assertThat(hosts.destination.refused(new KillIncoming(header(2))).code().kind())
        .isEqualTo(dev.tern.contract.ErrorCode.Kind.CONFLICT);
    hosts.destination.done(new StopServer(header(2), Duration.ZERO));
    assertThat(hosts.destination.refused(new DeleteDisks(header(2))).code().kind())
        .isEqualTo(dev.tern.contract.ErrorCode.Kind.CONFLICT);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.STOPPED);
    assertThat(hosts.destination.instance().resolve("disk0.qcow2")).exists();
  }
}
