package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
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
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult.GuestReport.MissingMemory;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.fake.FakeCourse;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A source whose guest runs elsewhere before all its memory is there")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentPostCopyTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0,
              Duration.ofMillis(300),
              0,
              Duration.ofSeconds(60),
              AtDeadline.POST_COPY,
              true,
              true),
          Streams.PLAIN);

  @TempDir Path directory;
  private final CountDownLatch over = new CountDownLatch(1);
  private final FakeWorld world = new FakeWorld(new WithoutTheRest());
  private TwoHosts hosts;

  /** The rest of the memory is never sent. */
  private final class WithoutTheRest implements FakeCourse {
    @Override
    public void at(Path instance, String point) {}

    @Override
    public void waits(Path instance, String what) throws InterruptedException {
      if (what.equals("receives the rest")) {
        over.await();
      }
    }

    @Override
    public void byItself(Path instance, String what, Runnable next) {
      if (!what.equals("sends the rest of the memory")) {
        next.run();
      }
    }

    @Override
    public Runnable onBehalf(String name, Runnable work) {
      return () -> Thread.ofVirtual().name(name).start(work);
    }

    @Override
    public boolean linked(Path one, Path other) {
      return true;
    }
  }

  @BeforeEach
  void arrive() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    hosts.source.done(new StartServer(header(1)));
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    TwoHosts.agreeOnKey((host, request) -> host.done(request), hosts.source, hosts.destination, 2);
    hosts.destination.done(new CreateDisks(header(2), facts));
    IncomingReady ready =
        (IncomingReady)
            hosts.destination.done(
                new StartIncoming(header(2), facts, Streams.PLAIN, Optional.of(true)));
    hosts.source.done(new MirrorDisks(header(2), ready, MOVE));
    hosts.source.ask(new HandOver(header(2), ready, MOVE));
    hosts.destination.done(new AwaitArrival(header(2)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
  }

  @AfterEach
  void nothingThatIsNeededWasEnded() throws Exception {
    over.countDown();
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  @Test
  @Tag("S68")
  void stays_as_long_as_the_guest_may_need_it() {
    assertThat(hosts.source.refused(new RetireSource(header(2), false)).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    assertThat(world.running())
        .containsExactlyInAnyOrder(hosts.source.instance(), hosts.destination.instance());
  }

  @Test
  @Tag("S68")
  void that_dies_leaves_a_guest_that_lacks_memory_and_both_hosts_say_so() throws Exception {
    assertThat(hosts.destination.report().missing()).contains(MissingMemory.COMING);

    world.kill(hosts.source.instance());

    assertThat(hosts.destination.report().missing()).contains(MissingMemory.CUT_OFF);
    assertThat(hosts.source.report().missing()).contains(MissingMemory.CUT_OFF);
    assertThat(hosts.source.refused(new RetireSource(header(2), false)).code())
        .isEqualTo(ErrorCode.SOURCE_ENDED);
    hosts.destination.done(new StopServer(header(2), Duration.ZERO));
    hosts.source.done(new RetireSource(header(2), false, Optional.of(true)));
    assertThat(hosts.source.instances()).isEmpty();
    assertThat(hosts.destination.runner()).isEqualTo(Runner.STOPPED);
    assertThat(hosts.destination.instance().resolve("disk0.qcow2")).exists();
    assertThat(world.running()).isEmpty();
  }

  @Test
  @Tag("S68")
  void goes_once_the_guest_is_known_to_have_died_there() throws Exception {
    world.kill(hosts.destination.instance());
    assertThat(hosts.destination.runner()).isEqualTo(Runner.STOPPED);

    hosts.source.done(new RetireSource(header(2), false, Optional.of(true)));

    assertThat(hosts.source.runner()).isEqualTo(Runner.ABSENT);
    assertThat(hosts.source.instances()).isEmpty();
    assertThat(world.running()).isEmpty();
  }
}
