package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Pause;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AttachVolume;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.DetachVolume;
import dev.tern.contract.agent.AgentRequest.EndCheck;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.VolumeThere;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.qemu.NbdVolume;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A volume of an agent's running guest")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentVolumesQemuTest {
  private static final long BYTES = 4 << 20;
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofMinutes(2), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  @TempDir Path directory;
  private TwoHosts hosts;
  private NbdVolume server;
  private VolumeRef volume;
  private boolean restarts;

  @BeforeEach
  void boot() throws Exception {
    server = NbdVolume.serve(directory.resolve("volume"), BYTES);
    volume = new VolumeRef(UUID.randomUUID(), new VolumeAddress("127.0.0.1", server.port(), "v"));
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
    hosts.source.done(
        new BuildServer(
            header(1),
            new ServerSpec(
                "guest",
                1,
                96,
                16 << 20,
                "qcow2",
                hosts.rawImage(1),
                Optional.of(hosts.image("raw", guestFile("vmlinux"))),
                Optional.of(hosts.image("raw", guestFile("initrd.gz"))),
                Optional.of(
                    "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check"
                        + " tern.write=50,1024,0"),
                false)));
    hosts.source.done(new StartServer(header(1)));
    awaitWrites(hosts.source, 20);
  }

  @AfterEach
  void leaveNothing() throws Exception {
    for (TwoHosts.Host host : List.of(hosts.source, hosts.destination)) {
      host.ask(new DestroyServer(header(100)));
    }
    hosts.close();
    awaitConnections(0);
    server.end();
  }

  private AgentResult ask(TwoHosts.Host host, AgentRequest request) throws Exception {
    AgentResult result = host.done(request);
    if (restarts) {
      hosts.source.restart();
      hosts.destination.restart();
    }
    return result;
  }

  @ParameterizedTest(name = "agents restarted between all requests: {0}")
  @ValueSource(booleans = {false, true})
  @Tag("S34")
  @Tag("S35")
  @Tag("S23")
  @Tag("S24")
  @Tag("S48")
  @Tag("S158")
  void is_plugged_in_moves_by_its_address_and_goes_with_device_and_node(boolean restarted)
      throws Exception {
    restarts = restarted;
    assertThat(ask(hosts.source, new AttachVolume(header(2), volume)))
        .isEqualTo(new VolumeThere(BYTES, 1));
    assertThat(ask(hosts.source, new AttachVolume(header(2), volume)))
        .isEqualTo(new VolumeThere(BYTES, 1));
    Disk there = plugged(hosts.source).orElseThrow();
    assertThat(there.node()).contains(volume.disk());
    assertThat(there.device()).isPresent();
    assertThat(server.connections()).isEqualTo(1);

    migrate();
    assertThat(plugged(hosts.destination).orElseThrow().device()).isPresent();
    awaitConnections(1);
    int written = writes(hosts.destination);
    awaitWrites(hosts.destination, written + 20);

    // It goes only when the guest's own kernel has let go of it, so the guest has seen it.
    ask(hosts.destination, new DetachVolume(header(4), volume, Duration.ofSeconds(60)));
    ask(hosts.destination, new DetachVolume(header(4), volume, Duration.ofSeconds(60)));
    assertThat(plugged(hosts.destination)).isEmpty();
    awaitConnections(0);

    ask(hosts.destination, new AttachVolume(header(5), volume));
    ask(hosts.destination, new StopServer(header(6), Duration.ofSeconds(20)));
    awaitConnections(0);
    ask(hosts.destination, new StartServer(header(6)));
    assertThat(plugged(hosts.destination).orElseThrow().device()).isPresent();
    awaitConnections(1);
    VolumeRef again = new VolumeRef(UUID.randomUUID(), volume.address());
    assertThat(hosts.destination.refused(new AttachVolume(header(6), again)).code())
        .isEqualTo(ErrorCode.VOLUME_IN_USE);
    VolumeRef nobodys =
        new VolumeRef(UUID.randomUUID(), new VolumeAddress("127.0.0.1", server.port(), "another"));
    assertThat(hosts.destination.refused(new AttachVolume(header(6), nobodys)).code())
        .isEqualTo(ErrorCode.VOLUME_UNREACHABLE);
    awaitConnections(1);
  }

  private void migrate() throws Exception {
    SourceFacts facts = (SourceFacts) ask(hosts.source, new DescribeSource(header(3)));
    assertThat(facts.disks())
        .filteredOn(disk -> disk.kind() == DiskKind.NETWORK)
        .extracting(DiskFacts::id)
        .containsExactly(volume.disk());
    DestinationFacts checked =
        (DestinationFacts) ask(hosts.destination, new CheckDestination(header(3), facts, true));
    ask(hosts.destination, new EndCheck(header(3), checked.probeFile()));
    TwoHosts.agreeOnKey(this::ask, hosts.source, hosts.destination, 3);
    ask(hosts.destination, new CreateDisks(header(3), facts));
    IncomingReady ready =
        (IncomingReady) ask(hosts.destination, new StartIncoming(header(3), facts, Streams.PLAIN));
    assertThat(ready.exports()).doesNotContainKey(volume.disk());
    // Both have it now, and only one guest runs.
    awaitConnections(2);
    ask(hosts.source, new MirrorDisks(header(3), ready, MOVE));
    assertThat(((HandedOver) ask(hosts.source, new HandOver(header(3), ready, MOVE))).sent())
        .isTrue();
    ask(hosts.destination, new AwaitArrival(header(3)));
    ask(hosts.source, new RetireSource(header(3), false));
  }

  private Optional<Disk> plugged(TwoHosts.Host host) {
    return ((DiskReport) host.done(new DescribeDisks(header(6))))
        .disks().stream().filter(disk -> disk.id().equals(volume.disk())).findFirst();
  }

  private void awaitConnections(int count) throws Exception {
    long until = System.nanoTime() + LONG.toNanos();
    while (server.connections() != count) {
      assertThat(System.nanoTime()).as("%d connections", server.connections()).isLessThan(until);
      Pause.SLEEPING.of(Duration.ofMillis(50));
    }
  }

  private static byte[] guestFile(String name) throws Exception {
    String given = System.getenv().getOrDefault("TERN_GUEST_DIR", "");
    Path guest =
        given.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache", "tern", "guest")
            : Path.of(given);
    assertThat(guest.resolve(name)).as("built by guest/build-guest").isRegularFile();
    return Files.readAllBytes(guest.resolve(name));
  }

  private static int writes(TwoHosts.Host host) throws Exception {
    return (int)
        Files.readString(host.instance().resolve("console.log"))
            .lines()
            .filter(line -> line.startsWith("A "))
            .count();
  }

  private static void awaitWrites(TwoHosts.Host host, int count) throws Exception {
    long until = System.nanoTime() + LONG.toNanos();
    while (writes(host) < count) {
      assertThat(System.nanoTime()).as("%d writes", writes(host)).isLessThan(until);
      Pause.SLEEPING.of(Duration.ofMillis(50));
    }
  }
}
