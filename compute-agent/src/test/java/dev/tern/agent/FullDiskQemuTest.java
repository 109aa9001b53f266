package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.agent.AgentRequest.AskGuest;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CancelMirrors;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A guest whose disk's file system is full")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FullDiskQemuTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofMinutes(2), AtDeadline.ABORT, false, true),
          Streams.PLAIN);
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final int MIB = 1 << 20;

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

  @Test
  @Tag("S115")
  void stops_there_and_goes_on_with_every_write_once_there_is_room() throws Exception {
    try (SmallDisk _ = SmallDisk.mount(hosts, 96)) {
      boot();
      move();
      Path others = hosts.destination.data.resolve("somebody-elses");
      fill(others);
      until("QEMU stops it", LONG, () -> hosts.destination.runner() == Runner.PAUSED);
      assertThat(report().detail()).contains("room");
      int stopped = acknowledged();

      hosts.destination.agent.report();
      until("it finds no room again", LONG, () -> hosts.destination.runner() == Runner.PAUSED);
      assertThat(acknowledged()).isBetween(stopped, stopped + 2);

      Files.delete(others);
      hosts.destination.agent.report();
      until("it goes on", LONG, () -> acknowledged() > stopped + 50);
      assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
      assertThat(console())
          .noneMatch(line -> line.startsWith("R EIO") || line.startsWith("R ready"));
      hosts.destination.done(new DestroyServer(header(100))); // while its directory is there
    }
  }

  /** A mirror that fails while memory moves must not end by itself: QEMU is stopping its guest. */
  @Test
  @Tag("S115")
  void keeps_the_guest_at_home_says_why_and_takes_it_once_there_is_room() throws Exception {
    try (SmallDisk _ = SmallDisk.mount(hosts, 96)) {
      boot();
      IncomingReady ready = mirror(2);
      Path others = hosts.destination.data.resolve("somebody-elses");
      fill(others);
      int before = lines(hosts.source).size();
      until("it wrote what has no room", LONG, () -> lines(hosts.source).size() > before + 20);

      HandedOver stayed = (HandedOver) hosts.source.done(new HandOver(header(2), ready, MOVE));
      assertThat(stayed.sent()).isFalse();
      assertThat(stayed.reason()).contains("No space left on device");
      hosts.source.done(new CancelMirrors(header(2)));
      hosts.destination.done(new KillIncoming(header(2)));
      hosts.destination.done(new DeleteDisks(header(2)));
      assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);

      Files.delete(others);
      IncomingReady again = mirror(3);
      HandedOver sent = (HandedOver) hosts.source.done(new HandOver(header(3), again, MOVE));
      assertThat(sent.sent()).as(sent.reason()).isTrue();
      hosts.destination.done(new AwaitArrival(header(3)));
      hosts.source.done(new RetireSource(header(3), false));
      assertThat(hosts.destination.runner()).isEqualTo(Runner.RUNNING);
      hosts.destination.done(new DestroyServer(header(100))); // while its directory is there
    }
  }

  private GuestReport report() {
    return (GuestReport) hosts.destination.done(new AskGuest(header(2)));
  }

  /** It writes to a place of its own each time, so that each write needs room. */
  private void boot() throws Exception {
    byte[] disk = new byte[MIB];
    disk[0] = 1;
    ServerSpec spec =
        new ServerSpec(
            "guest",
            1,
            96,
            64 * MIB,
            "qcow2",
            hosts.image("raw", disk),
            Optional.of(hosts.image("raw", guestFile("vmlinux"))),
            Optional.of(hosts.image("raw", guestFile("initrd.gz"))),
            Optional.of(
                "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check"
                    + " tern.write=100,12000,0"),
            false);
    hosts.source.done(new BuildServer(header(1), spec));
    hosts.source.done(new StartServer(header(1)));
    until("it writes", LONG, () -> lines(hosts.source).size() > 20);
  }

  private IncomingReady mirror(long epoch) throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(epoch)));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, epoch);
    hosts.destination.done(new ReserveSpace(header(epoch), facts, true));
    hosts.destination.done(new CreateDisks(header(epoch), facts));
    IncomingReady ready =
        (IncomingReady)
            hosts.destination.done(new StartIncoming(header(epoch), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(epoch), ready, MOVE));
    return ready;
  }

  private void move() throws Exception {
    IncomingReady ready = mirror(2);
    HandedOver sent = (HandedOver) hosts.source.done(new HandOver(header(2), ready, MOVE));
    assertThat(sent.sent()).as(sent.reason()).isTrue();
    hosts.destination.done(new AwaitArrival(header(2)));
    hosts.source.done(new RetireSource(header(2), false));
  }

  private static void fill(Path file) throws IOException {
    byte[] chunk = new byte[MIB / 16];
    try (OutputStream out = Files.newOutputStream(file)) {
      for (long written = 0; written < 1L << 30; written += chunk.length) {
        out.write(chunk);
      }
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("No space left")) {
        throw e;
      }
      return;
    }
    throw new AssertionError("it is not full");
  }

  private static byte[] guestFile(String name) throws IOException {
    String given = System.getenv().getOrDefault("TERN_GUEST_DIR", "");
    Path guest =
        given.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache", "tern", "guest")
            : Path.of(given);
    return Files.readAllBytes(guest.resolve(name));
  }

  private int acknowledged() throws IOException {
    return (int) console().stream().filter(line -> line.startsWith("A ")).count();
  }

  private List<String> console() throws IOException {
    return Arrays.asList(
        Files.readString(hosts.destination.instance().resolve("console.log")).split("\r?\n"));
  }

  private static List<String> lines(TwoHosts.Host host) throws IOException {
    return Files.readString(host.instance().resolve("console.log"))
        .lines()
        .filter(line -> line.startsWith("A "))
        .toList();
  }
}
