package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.AttachVolume;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CheckVolume;
import dev.tern.contract.agent.AgentRequest.DescribeDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DetachVolume;
import dev.tern.contract.agent.AgentRequest.EndCheck;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.VolumeThere;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A volume of an agent's server")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentVolumesTest {
  private static final long BYTES = 4 << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(5);

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

  private VolumeRef served(String export) {
    world.serve("127.0.0.1", 10_809, export, BYTES);
    return new VolumeRef(UUID.randomUUID(), new VolumeAddress("127.0.0.1", 10_809, export));
  }

  private AttachVolume attach(VolumeRef volume) {
    return new AttachVolume(header(2), volume);
  }

  private DetachVolume detach(VolumeRef volume) {
    return new DetachVolume(header(2), volume, PATIENCE);
  }

  private List<Disk> disks() {
    return ((DiskReport) host.done(new DescribeDisks(header(2)))).disks();
  }

  private List<String> volumes() {
    return disks().stream().map(Disk::file).filter(file -> file.startsWith("nbd://")).toList();
  }

  /** What the guest itself has. */
  private List<String> plugged() {
    return disks().stream()
        .filter(disk -> disk.node().isPresent())
        .map(Disk::file)
        .filter(file -> file.startsWith("nbd://"))
        .toList();
  }

  @Test
  @Tag("S34")
  @Tag("S35")
  void is_there_until_it_is_detached_also_over_stop_and_start() throws Exception {
    VolumeRef volume = served("v");
    assertThat(host.done(new CheckVolume(header(1), volume))).isEqualTo(new VolumeThere(BYTES, 1));
    assertThat(volumes()).isEmpty();
    assertThat(host.done(attach(volume))).isEqualTo(new VolumeThere(BYTES, 1));
    assertThat(host.done(attach(volume))).isEqualTo(new VolumeThere(BYTES, 1));
    assertThat(plugged()).containsExactly("nbd://127.0.0.1:10809/v");
    host.done(new StopServer(header(2), Duration.ZERO));
    assertThat(volumes()).hasSize(1);
    host.done(new StartServer(header(2)));
    assertThat(plugged()).hasSize(1);
    host.done(detach(volume));
    host.done(detach(volume));
    assertThat(volumes()).isEmpty();
  }

  @Test
  @Tag("S34")
  void of_a_stopped_server_is_there_from_its_start_on() throws Exception {
    host.done(new StopServer(header(1), Duration.ZERO));
    VolumeRef volume = served("v");
    host.done(attach(volume));
    assertThat(plugged()).isEmpty();
    host.done(new StartServer(header(2)));
    assertThat(plugged()).hasSize(1);
    host.done(new StopServer(header(2), Duration.ZERO));
    host.done(detach(volume));
    host.done(new StartServer(header(2)));
    assertThat(plugged()).isEmpty();
  }

  @ParameterizedTest
  @Tag("S34")
  @ValueSource(strings = {"NO_ANSWER", "GONE"})
  void whose_plugging_nobody_answers_for_is_asked_for_again(Kind kind) throws Exception {
    VolumeRef volume = served("v");
    world.failNext("plug", kind);
    assertThat(host.refused(attach(volume)).code()).isEqualTo(ErrorCode.MIGRATION_CANCELLED);
    host.restart();
    host.done(attach(volume));
    assertThat(volumes()).hasSize(1);
  }

  @Test
  @Tag("S35")
  void whose_answers_are_lost_is_plugged_and_unplugged_once() throws Exception {
    VolumeRef volume = served("v");
    world.loseNextAnswer("plug");
    assertThat(host.refused(attach(volume)).code()).isEqualTo(ErrorCode.MIGRATION_CANCELLED);
    host.restart();
    host.done(attach(volume));
    assertThat(plugged()).hasSize(1);
    world.loseNextAnswer("unplug");
    assertThat(host.refused(detach(volume)).code()).isEqualTo(ErrorCode.MIGRATION_CANCELLED);
    host.restart();
    host.done(detach(volume));
    assertThat(volumes()).isEmpty();
  }

  @Test
  @Tag("S34")
  void that_the_guest_does_not_take_leaves_nothing() throws Exception {
    VolumeRef volume = served("v");
    world.failNext("plug", Kind.REFUSED);
    assertThat(host.refused(attach(volume)).code()).isEqualTo(ErrorCode.HYPERVISOR_FAILED);
    assertThat(volumes()).isEmpty();
  }

  @Test
  @Tag("S35")
  void that_the_guest_does_not_let_go_of_stays() throws Exception {
    VolumeRef volume = served("v");
    host.done(attach(volume));
    world.failNext("unplug", Kind.REFUSED);
    assertThat(host.refused(detach(volume)).code()).isEqualTo(ErrorCode.DISK_BUSY);
    assertThat(plugged()).hasSize(1);
  }

  @Test
  @Tag("S34")
  void is_refused_when_nobody_serves_it_it_is_there_or_no_port_is_free() throws Exception {
    VolumeRef nobodys =
        new VolumeRef(UUID.randomUUID(), new VolumeAddress("127.0.0.1", 10_809, "none"));
    assertThat(host.refused(attach(nobodys)).code()).isEqualTo(ErrorCode.VOLUME_UNREACHABLE);
    VolumeRef first = served("v1");
    host.done(attach(first));
    assertThat(host.refused(attach(served("v1"))).code()).isEqualTo(ErrorCode.VOLUME_IN_USE);
    host.done(attach(served("v2")));
    host.done(attach(served("v3")));
    host.done(attach(served("v4")));
    assertThat(host.refused(attach(served("v5"))).code()).isEqualTo(ErrorCode.NO_FREE_PORT);
    assertThat(plugged()).hasSize(4);
    host.done(detach(first));
    assertThat(host.done(attach(served("v5")))).isEqualTo(new VolumeThere(BYTES, 1));
  }

  @Test
  @Tag("S158")
  void that_a_destination_does_not_see_keeps_its_guest_from_going_there() throws Exception {
    host.done(attach(served("v")));
    SourceFacts facts = (SourceFacts) host.done(new DescribeSource(header(3)));
    DestinationFacts seen =
        (DestinationFacts) hosts.destination.done(new CheckDestination(header(3), facts, true));
    hosts.destination.done(new EndCheck(header(3), seen.probeFile()));
    world.serve("127.0.0.1", 10_809, "v", 0);
    assertThat(hosts.destination.refused(new CheckDestination(header(3), facts, true)).code())
        .isEqualTo(ErrorCode.VOLUME_UNREACHABLE);
    assertThat(hosts.destination.instances()).isEmpty();
  }
}
