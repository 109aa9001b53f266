package dev.tern.agent;

import static dev.tern.agent.TwoHosts.SERVER;
import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A QEMU that lacks what a migration needs")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S70")
class LackingQemuTest {
  private static final List<String> LACKING = List.of("blockdev-mirror", "migrate-continue");

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;

  @BeforeEach
  void start() throws Exception {
    Path old = directory.resolve("destination");
    HostCapabilities usual = new FakeVirtDriver(world, Clock.systemUTC()).capabilities();
    hosts =
        new TwoHosts(
            directory,
            bases ->
                new FakeVirtDriver(
                    world, Clock.systemUTC(), bases.startsWith(old) ? old(usual) : usual));
    hosts.source.done(new BuildServer(header(1), spec(hosts.rawImage(1))));
    hosts.source.done(new StartServer(header(1)));
  }

  private static HostCapabilities old(HostCapabilities usual) {
    return new HostCapabilities(
        usual.binary(),
        usual.version(),
        usual.versionNumber(),
        usual.machineTypes(),
        usual.defaultMachineType(),
        usual.cpuModels(),
        usual.cpuFeatures(),
        usual.accelerator(),
        usual.acceleratorReason(),
        LACKING);
  }

  @AfterEach
  void stop() throws Exception {
    hosts.close();
  }

  @Test
  void at_the_destination_is_named_with_each_command_and_nothing_is_made() throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    Failure refused = hosts.destination.refused(new CheckDestination(header(2), facts, true));
    assertThat(refused.code()).isEqualTo(ErrorCode.DESTINATION_LACKS_QEMU_FEATURE);
    assertThat(refused.message())
        .isEqualTo("QEMU 7.2.22 on host destination lacks blockdev-mirror, migrate-continue.");
    assertThat(hosts.destination.instances()).isEmpty();
  }

  @Test
  void at_the_source_is_the_guests_own_and_is_named_too() throws Exception {
    world.lacks(hosts.source.instance(), LACKING);
    Failure refused = hosts.source.refused(new DescribeSource(header(2)));
    assertThat(refused.code()).isEqualTo(ErrorCode.SOURCE_LACKS_QEMU_FEATURE);
    assertThat(refused.message())
        .startsWith("The QEMU that runs server " + SERVER + " lacks ")
        .contains("blockdev-mirror, migrate-continue", "stop and start");
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }
}
