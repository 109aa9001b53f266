package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.ArrivalChecked;
import dev.tern.contract.host.HostQuestion.CheckArrival;
import dev.tern.contract.move.DiskChoice;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("An arrival that is only asked about")
class CheckArrivalTest {
  @TempDir private Path directory;
  private TwoHosts hosts;

  @BeforeEach
  void start() throws Exception {
    FakeWorld world = new FakeWorld();
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    hosts.source.done(new StartServer(header(1)));
  }

  @AfterEach
  void stop() throws Exception {
    hosts.close();
  }

  @Test
  void is_checked_as_a_migration_would_and_leaves_nothing() throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    CheckArrival question =
        new CheckArrival(header(2), DiskChoice.planned(facts, Optional.empty()), true);
    long free = hosts.destination.agent.report().diskFreeBytes();
    assertThat(hosts.destination.agent.answer(question))
        .isInstanceOfSatisfying(
            ArrivalChecked.class,
            checked -> {
              assertThat(checked.facts().probeFile()).isEmpty();
              assertThat(checked.facts().neededBytes()).isPositive();
            });
    assertThat(hosts.destination.instances()).isEmpty();
    assertThat(hosts.destination.agent.report().diskFreeBytes()).isEqualTo(free);
    assertThat(hosts.source.agent.answer(question))
        .isInstanceOfSatisfying(
            HostAnswer.Refused.class,
            refused ->
                assertThat(refused.failure().code()).isEqualTo(ErrorCode.DESTINATION_DISK_EXISTS));
  }
}
