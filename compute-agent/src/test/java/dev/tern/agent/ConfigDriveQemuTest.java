package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.EndCheck;
import dev.tern.contract.agent.AgentRequest.GatherLayers;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.KeepLayers;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.SendLayers;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.ConfigDrive;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A config drive")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ConfigDriveQemuTest {
  private static final String META = "{\"uuid\":\"%s\"}".formatted(TwoHosts.SERVER);
  private static final int LABEL_AT = 16 * 2048 + 40;
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofMinutes(2), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  @TempDir Path directory;
  private TwoHosts hosts;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
  }

  @AfterEach
  void leaveNoProcess() throws Exception {
    for (TwoHosts.Host host : List.of(hosts.source, hosts.destination)) {
      host.ask(new DestroyServer(header(100)));
    }
    hosts.close();
  }

  private void boot() {
    ServerSpec spec =
        new ServerSpec(
            "guest",
            1,
            64,
            16 << 20,
            "qcow2",
            hosts.rawImage(1),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            false,
            MoreDisks.of(
                false,
                List.of(),
                Optional.of(
                    new ConfigDrive(
                        Map.of(
                            "openstack/latest/meta_data.json",
                            Base64.getEncoder().encodeToString(META.getBytes(UTF_8)))))));
    hosts.source.done(new BuildServer(header(1), spec));
    hosts.source.done(new StartServer(header(1)));
  }

  @Test
  @Tag("S146")
  void goes_with_its_server_by_its_digest_and_ends_with_it() throws Exception {
    boot();
    Path here = drive(hosts.source);
    byte[] content = Files.readAllBytes(here);
    assertThat(new String(content, LABEL_AT, 8, ISO_8859_1)).isEqualTo("config-2");
    assertThat(new String(content, ISO_8859_1)).contains(META, "meta_data.json");
    assertThat(Digests.sha256(here)).isEqualTo(here.getFileName().toString());
    assertThat(hosts.source.instance()).isDirectoryNotContaining("glob:**config*");

    migrate();
    Path there = drive(hosts.destination);
    assertThat(there).hasBinaryContent(content).hasFileName(here.getFileName().toString());
    assertThat(here).doesNotExist();
    assertThat(bases(hosts.source)).as("shared files stay").isNotEmpty();

    List<Path> before = bases(hosts.destination);
    hosts.destination.done(new DestroyServer(header(5)));
    assertThat(there).doesNotExist();
    assertThat(bases(hosts.destination)).hasSize(before.size() - 1);
  }

  private void migrate() throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(2)));
    DestinationFacts checked =
        (DestinationFacts) hosts.destination.done(new CheckDestination(header(2), facts, true));
    hosts.destination.done(new EndCheck(header(2), checked.probeFile()));
    TwoHosts.agreeOnKey((host, request) -> ask(host, request), hosts.source, hosts.destination, 2);
    LayersWanted wanted = (LayersWanted) hosts.destination.done(new GatherLayers(header(2), facts));
    hosts.source.done(
        new SendLayers(
            header(2),
            wanted,
            new AgentRequest.MoveLimits(Duration.ofMillis(300), 0, Duration.ofMinutes(1))));
    hosts.destination.done(new KeepLayers(header(2)));
    hosts.destination.done(new CreateDisks(header(2), facts));
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(2), facts, Streams.PLAIN));
    assertThat(ready.exports()).containsOnlyKeys("disk0");
    hosts.source.done(new MirrorDisks(header(2), ready, MOVE));
    assertThat(((HandedOver) hosts.source.done(new HandOver(header(2), ready, MOVE))).sent())
        .isTrue();
    hosts.destination.done(new AwaitArrival(header(2)));
    hosts.source.done(new RetireSource(header(2), false));
  }

  private static dev.tern.contract.agent.AgentResult ask(TwoHosts.Host host, AgentRequest request) {
    return host.done(request);
  }

  /** As QEMU has it open. */
  private static Path drive(TwoHosts.Host host) {
    Disk disk =
        ((DiskReport) host.done(new DescribeDisks(header(4))))
            .disks().stream()
                .filter(each -> each.id().equals(ConfigDrives.DISK))
                .findFirst()
                .orElseThrow();
    assertThat(disk.device()).isPresent();
    return Path.of(disk.file());
  }

  private static List<Path> bases(TwoHosts.Host host) throws Exception {
    try (var files = Files.list(host.data.resolve("_base"))) {
      return files.toList();
    }
  }
}
