package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.PauseServer;
import dev.tern.contract.agent.AgentRequest.RebootServer;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.UnpauseServer;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
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

@DisplayName("A guest of an agent that is asked to stand or to begin anew")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentPausedGuestTest {
  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;
  private TwoHosts.Host host;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    host = hosts.source;
    host.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    host.done(new StartServer(header(1)));
  }

  @AfterEach
  void stop() throws Exception {
    hosts.close();
  }

  private Runner told(AgentRequest request) {
    return ((GuestReport) host.done(request)).runner();
  }

  @Test
  void stands_until_it_is_told_to_run_whoever_asks_again_and_over_restarts() throws Exception {
    assertThat(told(new PauseServer(header(2)))).isEqualTo(Runner.PAUSED);
    assertThat(told(new PauseServer(header(2)))).isEqualTo(Runner.PAUSED);
    host.restart();
    host.agent.report();
    assertThat(host.runner()).isEqualTo(Runner.PAUSED);
    assertThat(told(new UnpauseServer(header(3)))).isEqualTo(Runner.RUNNING);
    assertThat(told(new UnpauseServer(header(3)))).isEqualTo(Runner.RUNNING);
    assertThat(host.refused(new PauseServer(header(2))).message()).contains("has passed");
    assertThat(host.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  @Tag("S115")
  void stands_although_its_disk_has_room_again() throws Exception {
    world.fill(host.instance());
    assertThat(told(new PauseServer(header(2)))).isEqualTo(Runner.PAUSED);
    world.makeRoom(host.instance());
    host.agent.report();
    assertThat(host.runner()).isEqualTo(Runner.PAUSED);
  }

  @Test
  void that_has_ended_is_told_so() throws Exception {
    host.done(new StopServer(header(2), Duration.ZERO));
    assertThat(told(new PauseServer(header(3)))).isEqualTo(Runner.STOPPED);
    assertThat(told(new UnpauseServer(header(3)))).isEqualTo(Runner.STOPPED);
    assertThat(host.runner()).isEqualTo(Runner.STOPPED);
  }

  @Test
  void begins_anew_once_for_each_request_and_runs_however_it_was() throws Exception {
    assertThat(told(new PauseServer(header(2)))).isEqualTo(Runner.PAUSED);
    long before = pid();
    host.done(new RebootServer(header(3), Duration.ZERO));
    long after = pid();
    assertThat(after).isNotEqualTo(before);
    host.done(new RebootServer(header(3), Duration.ZERO));
    host.restart();
    host.done(new RebootServer(header(3), Duration.ZERO));
    assertThat(pid()).isEqualTo(after);
    assertThat(host.runner()).isEqualTo(Runner.RUNNING);
    host.done(new StopServer(header(4), Duration.ZERO));
    host.done(new RebootServer(header(5), Duration.ofSeconds(1)));
    assertThat(host.runner()).isEqualTo(Runner.RUNNING);
    assertThat(world.running()).hasSize(1);
  }

  private long pid() throws Exception {
    return new FakeVirtDriver(world, Clock.systemUTC()).adopt(host.instance()).orElseThrow().pid();
  }
}
