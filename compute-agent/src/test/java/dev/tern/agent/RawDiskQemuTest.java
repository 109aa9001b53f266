package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.EndCheck;
import dev.tern.contract.agent.AgentRequest.FreezeDisk;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The class of CVE-2024-32498: who looks at what a disk begins with opens what the guest names. */
@DisplayName("A raw disk whose guest wrote the header of a qcow2 into it")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RawDiskQemuTest {
  private static final int BYTES = 16 << 20;
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofMinutes(2), AtDeadline.ABORT, false, true),
          Streams.PLAIN);

  @TempDir Path directory;
  private TwoHosts hosts;
  private Path secret;
  private byte[] trap;

  @BeforeEach
  void start() throws Exception {
    secret = Files.writeString(directory.resolve("secret"), "another tenant's");
    trap = qcow2Over("json:{\"driver\":\"raw\",\"file.filename\":\"%s\"}".formatted(secret));
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
    hosts.source.done(
        new BuildServer(
            header(1),
            new ServerSpec(
                "guest",
                1,
                64,
                BYTES,
                "raw",
                hosts.rawImage(1),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false)));
    hosts.source.done(new StartServer(header(1)));
  }

  @AfterEach
  void leaveNoProcess() throws Exception {
    for (TwoHosts.Host host : List.of(hosts.source, hosts.destination)) {
      host.ask(new DestroyServer(header(100)));
    }
    hosts.close();
  }

  @Test
  @Tag("S49")
  void is_raw_after_a_stop_a_move_and_a_snapshot() throws Exception {
    hosts.source.done(new StopServer(header(2), Duration.ZERO));
    try (RandomAccessFile disk =
        new RandomAccessFile(hosts.source.instance().resolve("disk0.raw").toFile(), "rw")) {
      disk.write(trap);
    }

    hosts.source.done(new StartServer(header(3)));
    requireRaw(hosts.source, 3);

    migrate();
    requireRaw(hosts.destination, 4);
    byte[] moved = Files.readAllBytes(hosts.destination.instance().resolve("disk0.raw"));
    assertThat(moved).hasSize(BYTES);
    assertThat(Arrays.copyOf(moved, trap.length)).isEqualTo(trap);

    // What a restart at the new host opens is the new host's own: the class of CVE-2020-17376.
    hosts.destination.done(new StopServer(header(5), Duration.ZERO));
    hosts.destination.done(new StartServer(header(5)));
    requireRaw(hosts.destination, 5);
    assertThat(openFiles(hosts.destination)).noneMatch(file -> file.startsWith(hosts.source.data));
    assertThat(commandLine(hosts.destination)).doesNotContain(hosts.source.data.toString());

    hosts.destination.done(new FreezeDisk(header(6), "disk0", UUID.randomUUID()));
    assertThat(disk(hosts.destination, 6).virtualBytes()).isEqualTo(BYTES);
    hosts.destination.done(new StopServer(header(7), Duration.ZERO));
    hosts.destination.done(new StartServer(header(7)));
    assertThat(disk(hosts.destination, 7).virtualBytes()).isEqualTo(BYTES);
    assertThat(openFiles(hosts.destination)).doesNotContain(secret);
  }

  private void requireRaw(TwoHosts.Host host, long epoch) throws Exception {
    Disk disk = disk(host, epoch);
    assertThat(disk.format()).isEqualTo("raw");
    assertThat(disk.virtualBytes()).isEqualTo(BYTES);
    assertThat(openFiles(host))
        .contains(host.instance().toRealPath().resolve("disk0.raw"))
        .doesNotContain(secret);
  }

  private static Disk disk(TwoHosts.Host host, long epoch) {
    return ((DiskReport) host.done(new DescribeDisks(header(epoch)))).disks().getFirst();
  }

  private void migrate() throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(4)));
    DestinationFacts checked =
        (DestinationFacts) hosts.destination.done(new CheckDestination(header(4), facts, true));
    hosts.destination.done(new EndCheck(header(4), checked.probeFile()));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 4);
    hosts.destination.done(new CreateDisks(header(4), facts));
    IncomingReady ready =
        (IncomingReady) hosts.destination.done(new StartIncoming(header(4), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(4), ready, MOVE));
    assertThat(((HandedOver) hosts.source.done(new HandOver(header(4), ready, MOVE))).sent())
        .isTrue();
    hosts.destination.done(new AwaitArrival(header(4)));
    hosts.source.done(new RetireSource(header(4), false));
  }

  /** A qcow2 that is all backing file. */
  private static byte[] qcow2Over(String backing) {
    byte[] name = backing.getBytes(UTF_8);
    ByteBuffer header = ByteBuffer.allocate(4096);
    header.putInt(0, 0x514649fb).putInt(4, 3).putLong(8, 512).putInt(16, name.length);
    header.putInt(20, 16).putLong(24, 1 << 20).putInt(36, 1).putLong(40, 0x30000);
    header.putLong(48, 0x10000).putInt(56, 1).putInt(96, 4).putInt(100, 104);
    header.put(512, name);
    return header.array();
  }

  private static long pid(TwoHosts.Host host) throws Exception {
    return Long.parseLong(
        Files.readString(host.instance().resolve("process")).strip().split(" ")[0]);
  }

  private static String commandLine(TwoHosts.Host host) throws Exception {
    return Files.readString(Path.of("/proc/%d/cmdline".formatted(pid(host))));
  }

  private static List<Path> openFiles(TwoHosts.Host host) throws Exception {
    List<Path> open = new ArrayList<>();
    try (Stream<Path> all = Files.list(Path.of("/proc/%d/fd".formatted(pid(host))))) {
      for (Path each : (Iterable<Path>) all::iterator) {
        try {
          open.add(Files.readSymbolicLink(each));
        } catch (NoSuchFileException _) {
          open.remove(each); // closed meanwhile
        }
      }
    }
    return open;
  }
}
