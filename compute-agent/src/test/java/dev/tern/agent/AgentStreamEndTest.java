package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both sides of a stream have to mean the same by its end, or one fails when the other has all. */
@DisplayName("Two agents agree on the end of their QEMUs' stream")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentStreamEndTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;

  @BeforeEach
  void boot() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    hosts.source.done(new StartServer(header(1)));
  }

  @AfterEach
  void oneRunnerAtEveryInstant() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  @Test
  @Tag("S84")
  void which_is_the_last_byte_that_is_needed_there_and_back() throws Exception {
    move(2, hosts.source, hosts.destination, true);
    move(3, hosts.destination, hosts.source, true);
  }

  @Test
  void which_is_described_to_a_host_whose_QEMU_waits_for_that_whatever_the_guest_came_with()
      throws Exception {
    move(2, hosts.source, hosts.destination, true);
    world.alwaysDescribes(hosts.source.instance());
    move(3, hosts.destination, hosts.source, false);
  }

  @Test
  void which_no_host_expects_of_a_guest_whose_QEMU_describes_it() throws Exception {
    world.alwaysDescribes(hosts.source.instance());
    move(2, hosts.source, hosts.destination, false);
  }

  private void move(long epoch, TwoHosts.Host from, TwoHosts.Host to, boolean bare)
      throws Exception {
    SourceFacts facts = (SourceFacts) from.done(new DescribeSource(header(epoch)));
    TwoHosts.agreeOnKey((host, request) -> host.done(request), from, to, epoch);
    to.done(new CreateDisks(header(epoch), facts));
    StartIncoming start = new StartIncoming(header(epoch), facts, Streams.PLAIN);
    IncomingReady ready = (IncomingReady) to.done(start);
    assertThat(ready.suppressVmdesc()).isEqualTo(bare);
    to.restart();
    assertThat(to.done(start)).as("an agent that came later").isEqualTo(ready);
    from.done(new MirrorDisks(header(epoch), ready, MOVE));
    assertThat(((HandedOver) from.done(new HandOver(header(epoch), ready, MOVE))).sent()).isTrue();
    to.done(new AwaitArrival(header(epoch)));
    assertThat(world.suppressesVmdesc(from.instance())).isEqualTo(bare);
    assertThat(world.suppressesVmdesc(to.instance())).isEqualTo(bare);
    assertThat(to.runner()).isEqualTo(Runner.RUNNING);
    from.done(new RetireSource(header(epoch), false));
  }
}
