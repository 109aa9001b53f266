package dev.tern.agent;

import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.LeaveServer;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A server that was evacuated from a host which is back")
class LeaveServerTest {
  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;

  @BeforeEach
  void runs() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.runs(header(1), MoreDisks.of(true, List.of(4L << 20), Optional.empty()));
  }

  @AfterEach
  void oneRunnerAtEveryInstant() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  private Path kept() {
    return hosts.source.data.resolve("kept").resolve(SERVER + "-2");
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void does_not_run_there_and_has_its_disks_and_passphrases_put_aside(boolean outlived)
      throws Exception {
    if (!outlived) {
      world.kill(hosts.source.instance());
      hosts.source.restart();
    }

    DisksKept told = (DisksKept) hosts.source.done(new LeaveServer(header(2), true));

    assertThat(world.running()).isEmpty();
    assertThat(told.directory().map(Path::of).map(Path::getFileName))
        .contains(kept().getFileName());
    assertThat(names(kept())).contains("LAST-COPY", "disk0.qcow2", "disk1.qcow2", "recipe.json");
    assertThat(Files.readString(kept().resolve("LAST-COPY")))
        .contains("made anew from its image on another host");
    assertThat(hosts.source.instances()).isEmpty();
    assertThat(hosts.source.keyFiles()).isEmpty();
    assertThat(hosts.source.refused(new StartServer(header(2))).code())
        .isEqualTo(ErrorCode.GUEST_ABSENT);
    assertThat(hosts.source.done(new LeaveServer(header(2), true))).isEqualTo(told);
    hosts.source.restart();
    assertThat(hosts.source.done(new LeaveServer(header(2), true))).isEqualTo(told);
    assertThat(world.running()).isEmpty();
  }

  @Test
  void has_nothing_there_when_its_disks_are_not_wanted() throws Exception {
    DisksKept told = (DisksKept) hosts.source.done(new LeaveServer(header(2), false));
    assertThat(told.directory()).isEmpty();
    assertThat(world.running()).isEmpty();
    assertThat(hosts.source.instances()).isEmpty();
    assertThat(names(hosts.source.data.resolve("kept"))).isEmpty();
    assertThat(hosts.source.done(new LeaveServer(header(2), false))).isEqualTo(told);
  }

  @Test
  void keeps_copies_that_were_put_aside_before() throws Exception {
    hosts.source.done(new LeaveServer(header(2), true));
    hosts.source.done(new BuildServer(header(3), TwoHosts.spec(hosts.rawImage(1))));
    hosts.source.done(new LeaveServer(header(3), false));
    assertThat(hosts.source.instances()).isEmpty();
    assertThat(kept().resolve("disk0.qcow2")).exists();
  }

  @Test
  void that_was_never_there_leaves_nothing_to_do() {
    assertThat(hosts.destination.done(new LeaveServer(header(2), true)))
        .isEqualTo(new DisksKept(Optional.empty()));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void that_is_on_its_way_there_is_not_touched() throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    hosts.destination.done(
        new CreateDisks(
            header(2),
            facts,
            ((dev.tern.contract.agent.AgentResult.SealedSecrets)
                    hosts.source.done(
                        new dev.tern.contract.agent.AgentRequest.SealSecrets(header(2))))
                .byDisk()));
    assertThat(hosts.destination.refused(new LeaveServer(header(2), false)).code().kind())
        .isEqualTo(ErrorCode.Kind.CONFLICT);
    assertThat(hosts.destination.instances()).isNotEmpty();
  }
}
