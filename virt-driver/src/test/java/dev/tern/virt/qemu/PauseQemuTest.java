package dev.tern.virt.qemu;

import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.ArrivalStamps;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.Guest.LeavingStamps;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.Guest.Sync;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.NicRecipe;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.MovePolicy.AtDeadline;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.QmpCommand;
import dev.tern.virt.qmp.QmpDeadlines;
import dev.tern.virt.qmp.QmpEvent;
import dev.tern.virt.qmp.QmpMonitor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The pause of a guest that moves")
class PauseQemuTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String EXPORT = "export-of-the-pause-test";
  private static final String MAC = "52:54:00:12:34:56";
  private static final Steering STEERING =
      new Steering(
          new MovePolicy(
              Duration.ofMillis(50),
              16 << 20,
              Duration.ofSeconds(60),
              AtDeadline.ABORT,
              false,
              false),
          MoveOptions.PLAIN,
          false);
  private static final int ANNOUNCED_BY_LOADING = 5;

  @TempDir Path temporary;
  private final List<Guest> guests = new ArrayList<>();
  private final List<QmpMonitor> monitors = new ArrayList<>();
  private final List<MoveProgress> progress = Collections.synchronizedList(new ArrayList<>());
  private Path source;
  private Path destination;
  private Guest s;
  private Guest d;
  private IncomingEndpoints to;

  @BeforeEach
  void twoHosts() throws Exception {
    TestHost here = new TestHost(temporary.resolve("a"));
    TestHost there = new TestHost(temporary.resolve("b"));
    source = here.instance("s");
    destination = there.instance("s");
    String work = "tern.write=50,512,0 tern.mem=8,4";
    LaunchRecipe recipe = withNetworkCard(here.recipe(work, 96, "qcow2"));
    var _ = there.recipe(work, 96, "qcow2"); // places kernel and initramfs
    here.createDisks(recipe, source);
    there.createDisks(recipe, destination);
    s = kept(here.driver.launch(recipe, source, LaunchMode.RUN));
    TestHost.awaitConsole(source, "\nA ", SOON);
    d = kept(there.driver.launch(recipe, destination, LaunchMode.INCOMING));
    to =
        d.openIncoming(
            new IncomingRequest(
                "127.0.0.1",
                TestHost.freePort(),
                0,
                Map.of("disk0", EXPORT),
                MoveOptions.PLAIN,
                Optional.of(TestHost.KEY),
                true));
  }

  private static LaunchRecipe withNetworkCard(LaunchRecipe plain) {
    return new LaunchRecipe(
        plain.version(),
        plain.serverId(),
        plain.name(),
        plain.machineType(),
        plain.accelerator(),
        plain.cpuModel(),
        plain.vcpus(),
        plain.memoryKib(),
        plain.kernel(),
        plain.disks(),
        List.of(new NicRecipe("nic0", MAC)),
        plain.hotPlugPorts());
  }

  private Guest kept(Guest guest) {
    guests.add(guest);
    return guest;
  }

  @AfterEach
  void endAll() throws Exception {
    monitors.forEach(QmpMonitor::close);
    for (Guest guest : guests) {
      TestHost.end(guest);
    }
  }

  @Test
  @Tag("S62")
  void is_stamped_at_each_of_its_steps_in_their_order() throws Exception {
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(() -> {}, false, arrival::complete);

    LeavingStamps left = ((HandOver.Sent) move()).stamps();

    ArrivalStamps came = ((Arrival.Running) arrival.get(20, TimeUnit.SECONDS)).stamps();
    assertThat(
            Stream.of(left.stopped(), left.preSwitchover(), left.mirrored(), left.sent())
                .map(stamp -> stamp.orElseThrow()))
        .isSorted();
    assertThat(
            Stream.of(left.stopped(), left.mirrored(), came.loaded(), came.resumed())
                .map(stamp -> stamp.orElseThrow()))
        .as("one machine, one clock")
        .isSorted();
  }

  @Test
  @Tag("S44")
  @Tag("S100")
  @Tag("S101")
  @Tag("S83")
  void is_reached_with_progress_of_each_disk_and_pass() throws Exception {
    d.watchArrival(() -> {}, false, told -> {});

    assertThat(move()).isInstanceOf(HandOver.Sent.class);

    MoveProgress last = progress.getLast();
    assertThat(last.disks())
        .singleElement()
        .satisfies(disk -> {
          assertThat(disk.diskId()).isEqualTo("disk0");
          assertThat(disk.ready()).isTrue();
          assertThat(disk.offset()).isPositive().isLessThanOrEqualTo(disk.length());
        });
    assertThat(progress).anySatisfy(told -> assertThat(told.memory().passes()).isEqualTo(1));
    assertThat(last.memory().passes()).isGreaterThan(1);
    assertThat(last.memory().bytesPerSecond()).isPositive();
    assertThat(last.memory().dirtyBytesPerSecond()).isPositive();
    assertThat(last.memory().throttlePercent()).isZero();
  }

  @Test
  @Tag("S85")
  @Tag("S47")
  void ends_with_the_exports_closed_before_the_guest_runs() throws Exception {
    List<QmpEvent> seen = Collections.synchronizedList(new ArrayList<>());
    try (var _ = second(destination).events(seen::add)) {
      CompletableFuture<Arrival> arrival = new CompletableFuture<>();
      d.watchArrival(() -> {}, false, arrival::complete);
      assertThat(move()).isInstanceOf(HandOver.Sent.class);
      assertThat(arrival.get(20, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
      awaitEvent(seen, "RESUME");
    }

    List<String> order =
        seen.stream()
            .map(event -> event.name().equals("MIGRATION") ? event.text("status") : event.name())
            .filter(List.of("completed", "BLOCK_EXPORT_DELETED", "RESUME")::contains)
            .toList();
    assertThat(order).containsExactly("completed", "BLOCK_EXPORT_DELETED", "RESUME");
  }

  @Test
  @Tag("S104")
  void is_followed_by_the_network_card_saying_where_it_is_now() throws Exception {
    Path packets = temporary.resolve("packets.pcap");
    second(destination).call(new ObjectAdd("filter-dump", "dump", "net-nic0", packets.toString()));
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(() -> {}, false, arrival::complete);
    assertThat(move()).isInstanceOf(HandOver.Sent.class);
    assertThat(arrival.get(20, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);

    // QEMU announces by itself when it has loaded a guest, and never more often than this.
    until("announced after the start", SOON, () -> announcements(packets) > ANNOUNCED_BY_LOADING);
  }

  /** Reverse ARP frames from the guest's card. */
  private static int announcements(Path packets) throws Exception {
    String hex = HexFormat.of().formatHex(Files.readAllBytes(packets));
    String frame = "ffffffffffff" + MAC.replace(":", "") + "8035";
    return (hex.length() - hex.replace(frame, "").length()) / frame.length();
  }

  /** Watches the packets of a network; only tests do. */
  private record ObjectAdd(String qomType, String id, String netdev, String file)
      implements QmpCommand<Void> {}

  private HandOver move() throws VirtException, InterruptedException {
    s.mirrorDisks(
        List.of(
            new MirrorTarget(
                "disk0", to.address(), to.nbdPort(), EXPORT, Sync.FULL, Optional.of(TestHost.KEY))),
        STEERING,
        progress::add);
    return s.handOver(
        new MemoryTarget(
            to.address(), to.migrationPort(), Optional.of(TestHost.KEY), to.suppressVmdesc()),
        STEERING,
        false,
        () -> {},
        progress::add);
  }

  /** The monitor that is left free for whoever else wants to look. */
  private QmpMonitor second(Path instance) throws VirtException {
    try (MonitorSockets sockets =
        MonitorSockets.of(instance, Path.of(System.getProperty("java.io.tmpdir")))) {
      QmpMonitor monitor =
          QmpMonitor.connect(sockets.second(), new QmpDeadlines(SOON, SOON, SOON), SOON);
      monitors.add(monitor);
      return monitor;
    }
  }

  private static void awaitEvent(List<QmpEvent> seen, String name) throws Exception {
    until(name, SOON, () -> seen.stream().anyMatch(event -> event.name().equals(name)));
  }
}
