package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentAnswer.Working;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
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
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Its source could have used post-copy, and so waits for a last word when it has sent all. */
@DisplayName("A guest that has come and waits for its source to let go")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentLastWordTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, true, true),
          Streams.PLAIN);
  private static final AwaitArrival LET_GO = new AwaitArrival(header(2), Optional.of(true));

  @TempDir Path directory;
  private volatile boolean breaks;
  private volatile boolean linked = true;
  private final FakeWorld world = new FakeWorld(new BreakingLink());
  private TwoHosts hosts;

  /** The link breaks when all is at the destination, before its last word is heard. */
  private final class BreakingLink implements FakeCourse {
    @Override
    public void at(Path instance, String point) {}

    @Override
    public void waits(Path instance, String what) {}

    @Override
    public void byItself(Path instance, String what, Runnable next) {
      if (what.equals("hears its peer's last word") && breaks) {
        linked = false;
        world.linkBroke();
      }
      next.run();
    }

    @Override
    public Runnable onBehalf(String name, Runnable work) {
      return () -> Thread.ofVirtual().name(name).start(work);
    }

    @Override
    public boolean linked(Path one, Path other) {
      return linked;
    }
  }

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

  private HandedOver leave(boolean awaits) throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    TwoHosts.agreeOnKey((host, request) -> host.done(request), hosts.source, hosts.destination, 2);
    hosts.destination.done(new CreateDisks(header(2), facts));
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    assertThat(ready.awaitsSource()).isEmpty();
    if (awaits) {
      // Allowed when all was open already.
      ready =
          (IncomingReady)
              hosts.destination.done(
                  new StartIncoming(header(2), facts, Streams.PLAIN, Optional.of(true)));
      assertThat(ready.awaitsSource()).contains(true);
    }
    hosts.source.done(new MirrorDisks(header(2), ready, MOVE));
    return (HandedOver) hosts.source.done(new HandOver(header(2), ready, MOVE));
  }

  @Test
  @Tag("S84")
  void runs_when_it_is_told_so_and_not_before() throws Exception {
    assertThat(leave(true).letGo()).contains(true);
    assertThat(hosts.source.report().letGo()).contains(true);
    assertThat(hosts.destination.once(new AwaitArrival(header(2)))).isInstanceOf(Working.class);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.INCOMING);

    hosts.destination.done(LET_GO);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
    hosts.destination.done(LET_GO);
  }

  @Test
  @Tag("S84")
  void waits_also_for_an_agent_that_came_later() throws Exception {
    assertThat(leave(true).sent()).isTrue();
    hosts.destination.restart();
    assertThat(hosts.destination.once(new AwaitArrival(header(2)))).isInstanceOf(Working.class);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.INCOMING);

    hosts.destination.done(LET_GO);
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  @Tag("S84")
  void is_ended_and_goes_on_at_home_when_its_source_failed() throws Exception {
    breaks = true;
    HandedOver left = leave(true);
    assertThat(left.sent()).isTrue();
    assertThat(left.letGo()).contains(false);
    assertThat(hosts.source.report().letGo()).contains(false);

    hosts.destination.done(new KillIncoming(header(2)));
    hosts.destination.refused(LET_GO);
    hosts.source.done(new ReturnHome(header(2)));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    assertThat(world.runners()).containsExactly(hosts.source.instance());
  }

  @Test
  void is_sent_without_the_possibility_of_post_copy_to_a_host_that_waits_for_nobody()
      throws Exception {
    assertThat(leave(false).letGo()).contains(true);
    hosts.destination.done(new AwaitArrival(header(2)));
    assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void may_have_failed_as_far_as_an_agent_knows_whose_QEMU_is_gone() throws Exception {
    assertThat(leave(true).sent()).isTrue();
    world.kill(hosts.source.instance());
    assertThat(hosts.source.report().letGo()).as("that was recorded").contains(true);
  }
}
