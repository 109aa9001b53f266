package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CancelMirrors;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DeleteDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.DropLayers;
import dev.tern.contract.agent.AgentRequest.GatherLayers;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.KeepLayers;
import dev.tern.contract.agent.AgentRequest.KillIncoming;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.MoveLimits;
import dev.tern.contract.agent.AgentRequest.ReleaseSpace;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.SendLayers;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopLayers;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.LayersSent;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
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

@DisplayName("A real guest whose images were deleted")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LayersQemuTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);
  private static final Move SLOWER_THAN_THE_GUEST =
      new Move(
          new MovePolicy(
              0,
              Duration.ofMillis(20),
              512 << 10,
              Duration.ofSeconds(60),
              AtDeadline.ABORT,
              false,
              false),
          Streams.PLAIN);
  private static final Duration LONG = Duration.ofMinutes(2);
  private static final ServerId FIRST = TwoHosts.SERVER;
  private static final ServerId SECOND = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c02");
  private static final int MIB = 1 << 20;

  @TempDir Path directory;
  private TwoHosts hosts;
  private List<ImageRef> images = List.of();
  private boolean restarts;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
  }

  @AfterEach
  void leaveNoProcess() throws Exception {
    for (TwoHosts.Host host : List.of(hosts.source, hosts.destination)) {
      host.ask(new DropLayers(header(FIRST, 100)));
      host.ask(new DestroyServer(header(FIRST, 100)));
      host.ask(new DestroyServer(header(SECOND, 100)));
    }
    hosts.close();
    assertThat(tools()).isEmpty();
  }

  /** Programs that still work in the directories of this test. */
  private List<String> tools() {
    List<String> left = new ArrayList<>();
    ProcessHandle.allProcesses()
        .map(process -> process.info().commandLine().orElse(""))
        .filter(line -> line.contains(directory.toString()) && line.contains("qemu"))
        .forEach(left::add);
    return left;
  }

  private ImageRef base() {
    return images.getFirst();
  }

  private void boot(ServerId server, String writes) throws Exception {
    if (images.isEmpty()) {
      byte[] disk = new byte[32 * MIB];
      // A hole of 24 MiB, and bytes at the end that no guest writes to.
      byte[] content = new byte[8 * MIB];
      new Random(3).nextBytes(content);
      System.arraycopy(content, 0, disk, 24 * MIB, content.length);
      disk[0] = 1;
      images =
          List.of(
              hosts.image("raw", disk),
              hosts.image("raw", guestFile("vmlinux")),
              hosts.image("raw", guestFile("initrd.gz")));
    }
    ServerSpec spec =
        new ServerSpec(
            "guest",
            1,
            96,
            64L * MIB,
            "qcow2",
            base(),
            Optional.of(images.get(1)),
            Optional.of(images.get(2)),
            Optional.of(
                "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check"
                    + " tern.beat=10 tern.mem=8,4 tern.write="
                    + writes),
            false);
    hosts.source.done(new BuildServer(header(server, 1), spec));
    hosts.source.done(new StartServer(header(server, 1)));
    awaitLines(hosts.source, server, "A ", 20);
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

  private static MoveLimits limits() {
    return new MoveLimits(Duration.ofMillis(20), 0, LONG);
  }

  /** Bytes of layers that were sent. */
  private long bring(ServerId server, long epoch) throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(server, epoch)));
    DestinationFacts there =
        (DestinationFacts)
            hosts.destination.done(new CheckDestination(header(server, epoch), facts, true));
    hosts.destination.done(new ReserveSpace(header(server, epoch), facts, true));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, server, epoch);
    if (there.missingImages().isEmpty()) {
      return 0;
    }
    LayersWanted wanted =
        (LayersWanted) hosts.destination.done(new GatherLayers(header(server, epoch), facts));
    if (wanted.exports().isEmpty()) {
      return 0;
    }
    restart();
    LayersSent sent =
        (LayersSent) hosts.source.done(new SendLayers(header(server, epoch), wanted, limits()));
    restart();
    hosts.destination.done(new KeepLayers(header(server, epoch)));
    return sent.bytes();
  }

  private void restart() throws Exception {
    if (restarts) {
      hosts.source.restart();
      hosts.destination.restart();
    }
  }

  private void move(ServerId server, long epoch) throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(server, epoch)));
    hosts.destination.done(new CreateDisks(header(server, epoch), facts));
    IncomingReady ready =
        (IncomingReady)
            hosts.destination.done(new StartIncoming(header(server, epoch), facts, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(server, epoch), ready, MOVE));
    HandedOver sent =
        (HandedOver) hosts.source.done(new HandOver(header(server, epoch), ready, MOVE));
    assertThat(sent.sent()).as(sent.reason()).isTrue();
    hosts.destination.done(new AwaitArrival(header(server, epoch)));
    hosts.source.done(new RetireSource(header(server, epoch), false));
    awaitLines(hosts.destination, server, "A ", 20);
    assertThat(console(hosts.destination, server)).noneMatch(line -> line.startsWith("R "));
  }

  private Path layer(TwoHosts.Host host, ImageRef image) {
    return host.data.resolve("_base").resolve(image.sha256());
  }

  private void assertLayersAreRight() throws Exception {
    for (ImageRef image : images) {
      assertThat(Files.mismatch(layer(hosts.source, image), layer(hosts.destination, image)))
          .isEqualTo(-1);
    }
  }

  @ParameterizedTest(name = "agents restarted on the way: {0}")
  @ValueSource(booleans = {false, true})
  @Tag("S145")
  @Tag("S40")
  @Tag("S64") // N11
  void takes_its_layers_along_once_and_the_next_guest_takes_none(boolean restarted)
      throws Exception {
    restarts = restarted;
    boot(FIRST, "50,512,0");
    boot(SECOND, "50,512,0");
    images.forEach(hosts::forget);
    assertThat(allocated(layer(hosts.source, base()))).isLessThan(9L * MIB);
    long sent = bring(FIRST, 2);
    long all = 0;
    for (ImageRef image : images) {
      long here = allocated(layer(hosts.source, image));
      all += here;
      assertThat(allocated(layer(hosts.destination, image))).isLessThanOrEqualTo(here * 105 / 100);
    }
    assertThat(sent).isEqualTo(all);
    assertLayersAreRight();
    assertThat(hosts.destination.data.resolve("receiving")).isEmptyDirectory();
    move(FIRST, 2);
    assertThat(hosts.progress.stream().mapToLong(p -> p.diskProcessed()).max().orElse(0))
        .isGreaterThan(sent);
    assertThat(bring(SECOND, 2)).isZero();
    move(SECOND, 2);
  }

  private long allocated(Path file) throws Exception {
    return new QemuDriver(QemuSettings.defaults(directory)).images().allocatedBytes(file);
  }

  @Test
  @Tag("S64") // N11
  void never_lands_on_a_base_with_a_flipped_bit() throws Exception {
    boot(FIRST, "50,512,0");
    boot(SECOND, "50,512,0");
    images.forEach(hosts::forget);
    bring(FIRST, 2);
    move(FIRST, 2);
    Path there = layer(hosts.destination, base());
    Files.setPosixFilePermissions(there, PosixFilePermissions.fromString("rw-------"));
    try (RandomAccessFile file = new RandomAccessFile(there.toFile(), "rw")) {
      file.seek(30L * MIB);
      int was = file.read();
      file.seek(30L * MIB);
      file.write(was ^ 1);
    }
    assertThat(bring(SECOND, 2)).isBetween(8L * MIB, 9L * MIB);
    assertLayersAreRight();
    move(SECOND, 2);
  }

  @Test
  @Tag("S40")
  void whose_layers_are_half_sent_stops_within_two_seconds_and_leaves_nothing() throws Exception {
    boot(FIRST, "50,512,0");
    images.forEach(hosts::forget);
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(FIRST, 2)));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    LayersWanted wanted =
        (LayersWanted) hosts.destination.done(new GatherLayers(header(FIRST, 2), facts));
    SendLayers slowly =
        new SendLayers(
            header(FIRST, 2), wanted, new MoveLimits(Duration.ofMillis(20), 512 << 10, LONG));
    hosts.source.agent.answer(slowly);
    Path partial = hosts.destination.data.resolve("receiving").resolve(FIRST.toString());
    until(
        "bytes arrive",
        LONG,
        () -> allocated(partial) > 2 * MIB && hosts.progress.stream().anyMatch(this::half));
    long begun = System.nanoTime();
    hosts.source.done(new StopLayers(header(FIRST, 2)));
    hosts.destination.done(new DropLayers(header(FIRST, 2)));
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(2));
    assertThat(partial).doesNotExist();
    assertThat(layer(hosts.destination, base())).doesNotExist();
    assertThat(tools())
        .noneMatch(line -> line.contains("qemu-img") || line.contains("qemu-storage-daemon"));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    bring(FIRST, 3);
    move(FIRST, 3);
  }

  private boolean half(dev.tern.contract.host.MigrationProgress told) {
    return told.diskProcessed() > 0 && told.diskRemaining() > 0;
  }

  @Test
  void whose_receiver_is_killed_is_told_and_moves_the_next_time() throws Exception {
    boot(FIRST, "50,512,0");
    images.forEach(hosts::forget);
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(FIRST, 2)));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    LayersWanted wanted =
        (LayersWanted) hosts.destination.done(new GatherLayers(header(FIRST, 2), facts));
    SendLayers slowly =
        new SendLayers(
            header(FIRST, 2), wanted, new MoveLimits(Duration.ofMillis(20), 512 << 10, LONG));
    hosts.source.agent.answer(slowly);
    Path receiving = hosts.destination.data.resolve("receiving").resolve(FIRST.toString());
    until("bytes arrive", LONG, () -> allocated(receiving) > 2 * MIB);
    long pid = Long.parseLong(Files.readString(receiving.resolve("qemu.pid")).strip());
    assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();
    assertThat(hosts.source.refused(slowly).code()).isEqualTo(ErrorCode.HYPERVISOR_FAILED);
    hosts.source.done(new StopLayers(header(FIRST, 2)));
    hosts.destination.restart();
    assertThat(hosts.destination.data.resolve("receiving")).isEmptyDirectory();
    bring(FIRST, 3);
    move(FIRST, 3);
  }

  @Test
  @Tag("S115")
  void stays_at_home_and_notices_nothing_when_the_destination_runs_full() throws Exception {
    try (SmallDisk _ = SmallDisk.mount(hosts, 96)) {
      boot(FIRST, "200,8000,0");
      SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(FIRST, 2)));
      TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
      hosts.destination.done(new ReserveSpace(header(FIRST, 2), facts, true));
      hosts.destination.done(new CreateDisks(header(FIRST, 2), facts));
      IncomingReady ready =
          (IncomingReady)
              hosts.destination.done(new StartIncoming(header(FIRST, 2), facts, Streams.PLAIN));
      MirrorDisks slowly = new MirrorDisks(header(FIRST, 2), ready, SLOWER_THAN_THE_GUEST);
      hosts.source.agent.answer(slowly);
      until("half of the disk is there", LONG, () -> hosts.progress.stream().anyMatch(this::half));
      fill(hosts.destination.data.resolve("somebody-elses"));
      Failure refused = hosts.source.refused(slowly);
      assertThat(refused.code()).isEqualTo(ErrorCode.HOST_DISK_FULL);
      assertThat(refused.message()).contains("No space left on device");
      hosts.source.done(new CancelMirrors(header(FIRST, 2)));
      hosts.destination.done(new KillIncoming(header(FIRST, 2)));
      hosts.destination.done(new DeleteDisks(header(FIRST, 2)));
      hosts.destination.done(new ReleaseSpace(header(FIRST, 2)));
      assertThat(hosts.destination.instances()).isEmpty();
      assertThat(hosts.destination.data.resolve("reserved")).isEmptyDirectory();
      assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
      int written = lines(console(hosts.source, FIRST), "A ").size();
      awaitLines(hosts.source, FIRST, "A ", written + 100);
      assertThat(console(hosts.source, FIRST))
          .noneMatch(line -> line.startsWith("R EIO") || line.startsWith("R LOST"));
      // Heartbeats by the guest's own clock: each 10 ms, and none was held up by a stuck disk.
      assertThat(longestGap(lines(console(hosts.source, FIRST), "H ")))
          .isLessThan(Duration.ofSeconds(2));
    }
  }

  @Test
  @Tag("S115")
  void is_told_of_a_full_destination_while_its_layers_are_sent() throws Exception {
    try (SmallDisk _ = SmallDisk.mount(hosts, 96)) {
      boot(FIRST, "50,512,0");
      images.forEach(hosts::forget);
      SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(FIRST, 2)));
      TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
      LayersWanted wanted =
          (LayersWanted) hosts.destination.done(new GatherLayers(header(FIRST, 2), facts));
      fill(hosts.destination.data.resolve("somebody-elses"));
      Failure refused = hosts.source.refused(new SendLayers(header(FIRST, 2), wanted, limits()));
      assertThat(refused.code()).isEqualTo(ErrorCode.HOST_DISK_FULL);
      hosts.destination.done(new DropLayers(header(FIRST, 2)));
      hosts.destination.done(new ReleaseSpace(header(FIRST, 2)));
      assertThat(hosts.destination.data.resolve("receiving")).isEmptyDirectory();
    }
  }

  /** Takes what is left of a disk, but for half a MiB; others may write to it meanwhile. */
  private static void fill(Path file) throws IOException {
    try (RandomAccessFile all = new RandomAccessFile(file.toFile(), "rw")) {
      byte[] chunk = new byte[MIB / 2];
      new Random(11).nextBytes(chunk);
      assertThatThrownBy(
              () -> {
                while (all.length() < Files.getFileStore(file).getTotalSpace()) {
                  all.write(chunk);
                }
              })
          .isInstanceOf(IOException.class)
          .hasMessageContaining("No space left");
      all.setLength(Math.max(0, all.length() - chunk.length));
    }
  }

  private static Duration longestGap(List<String> beats) {
    long longest = 0;
    long before = -1;
    for (String beat : beats) {
      long at = Long.parseLong(beat.split(" ")[2]);
      if (before >= 0) {
        longest = Math.max(longest, at - before);
      }
      before = at;
    }
    return Duration.ofNanos(longest);
  }

  private static List<String> console(TwoHosts.Host host, ServerId server) throws Exception {
    String text =
        Files.readString(
            host.data.resolve("instances").resolve(server.toString()).resolve("console.log"));
    // What follows the last newline is still being written.
    return Arrays.asList(text.substring(0, text.lastIndexOf('\n') + 1).split("\r?\n"));
  }

  private static List<String> lines(List<String> console, String start) {
    return console.stream().filter(line -> line.startsWith(start)).toList();
  }

  private static void awaitLines(TwoHosts.Host host, ServerId server, String start, int count)
      throws Exception {
    until(count + " lines", LONG, () -> lines(console(host, server), start).size() >= count);
  }
}
