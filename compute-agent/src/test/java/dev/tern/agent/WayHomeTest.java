package dev.tern.agent;

import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.agent.JournalEntry.Created;
import dev.tern.agent.JournalEntry.Launched;
import dev.tern.agent.Standing.Place;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CancelMirrors;
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
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the model in {@code docs/spec} found. */
@DisplayName("A guest")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class WayHomeTest {
  private static final Move LIMITS =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
  }

  @AfterEach
  void oneRunnerAtEveryInstant() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  private Instance instance(TwoHosts.Host host, Path data) throws IOException {
    return new Instance(
        SERVER,
        host.name,
        HostDirectories.open(data, Storages.open(new dev.tern.contract.HostName("host"), Map.of())),
        new FakeVirtDriver(world, Clock.systemUTC()));
  }

  private Instance running() throws IOException {
    Instance instance = instance(hosts.source, directory.resolve("alone"));
    instance.create();
    instance.append(new Created(1));
    instance.append(new Launched(1));
    return instance;
  }

  @Test
  void that_is_being_brought_home_is_not_recorded_as_handed_over() throws Exception {
    try (Instance instance = running()) {
      instance
          .wayHome()
          .take(
              2,
              () -> {
                CompletableFuture<Void> left =
                    CompletableFuture.runAsync(() -> {
                      try {
                        instance.wayHome().leave(2);
                      } catch (IOException e) {
                        throw new IllegalStateException(e);
                      }
                    });
                assertThatThrownBy(() -> left.get(10, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasMessageContaining("the guest is being brought home");
              });
      assertThat(instance.standing().place()).isEqualTo(Place.RUNNING);
      assertThatThrownBy(() -> instance.wayHome().leave(2)).hasMessageContaining("taken back");
      instance.wayHome().leave(3);
      assertThat(instance.standing().place()).isEqualTo(Place.HANDED_OVER);
    }
  }

  @Test
  void that_has_left_is_not_brought_home() throws Exception {
    try (Instance instance = running()) {
      instance.wayHome().leave(2);
      instance
          .wayHome()
          .take(
              2,
              () -> {
                throw new AssertionError("the guest was brought home");
              });
      assertThat(instance.standing().place()).isEqualTo(Place.HANDED_OVER);
    }
  }

  private IncomingReady mirrored(TwoHosts.Host from, TwoHosts.Host to, long epoch)
      throws Exception {
    SourceFacts facts = (SourceFacts) from.done(new DescribeSource(header(epoch)));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, from, to, epoch);
    to.done(new CreateDisks(header(epoch), facts));
    IncomingReady ready =
        (IncomingReady) to.done(new StartIncoming(header(epoch), facts, Streams.PLAIN));
    from.done(new MirrorDisks(header(epoch), ready, LIMITS));
    return ready;
  }

  private void boot() {
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    hosts.source.done(new StartServer(header(1)));
  }

  @Test
  void whose_migration_is_taken_back_is_not_handed_over_by_late_requests() throws Exception {
    boot();
    IncomingReady ready = mirrored(hosts.source, hosts.destination, 2);
    hosts.source.done(new CancelMirrors(header(2)));
    hosts.source.done(new MirrorDisks(header(2), ready, LIMITS));
    HandedOver late = (HandedOver) hosts.source.done(new HandOver(header(2), ready, LIMITS));
    assertThat(late.sent()).isFalse();
    assertThat(late.reason()).contains("the hand-over of epoch 2 was taken back");
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void that_has_left_again_is_not_started_by_the_permit_of_its_arrival() throws Exception {
    boot();
    IncomingReady there = mirrored(hosts.source, hosts.destination, 2);
    hosts.source.done(new HandOver(header(2), there, LIMITS));
    hosts.destination.done(new AwaitArrival(header(2)));
    hosts.source.done(new RetireSource(header(2), false));
    IncomingReady back = mirrored(hosts.destination, hosts.source, 3);
    hosts.destination.done(new HandOver(header(3), back, LIMITS));
    hosts.source.done(new AwaitArrival(header(3)));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    hosts.destination.agent.close();

    // As an agent would, whose record that the guest ran was lost.
    try (Instance left = instance(hosts.destination, hosts.destination.data)) {
      left.watchArrival(2, false);
      assertThat(left.arrival().orElseThrow().get(10, TimeUnit.SECONDS))
          .isEqualTo(
              new Arrival.Failed(
                  "The guest arrived and stays paused: it arrived before, and has left since"));
    }
  }
}
