package dev.tern.virt.qemu;

import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.ArrivalPermit;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.Guest.Sync;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.Steering;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.QmpCommand;
import dev.tern.virt.qmp.QmpDeadlines;
import dev.tern.virt.qmp.QmpMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToLongFunction;

/** A guest that runs in one real QEMU, and a second one that waits for it. */
final class MovingGuest implements AutoCloseable {
  static final Duration SOON = Duration.ofSeconds(60);
  static final Optional<StreamKey> KEY = Optional.of(TestHost.KEY);
  private static final String EXPORT = "export-4f2a9c7d";

  final Path source;
  final Path destination;
  final Guest s;
  final Guest d;
  final IncomingEndpoints to;
  final CompletableFuture<Arrival> arrival = new CompletableFuture<>();

  /** What the destination waits for where no post-copy has begun. */
  final CompletableFuture<Void> sourceLetGo = new CompletableFuture<>();

  final List<MoveProgress> progress = new CopyOnWriteArrayList<>();
  final AtomicInteger records = new AtomicInteger();

  private MovingGuest(
      TestHost here, TestHost there, LaunchRecipe recipe, boolean fullDisk, MoveOptions options)
      throws Exception {
    source = here.instance("s");
    destination = there.instance("s");
    here.createDisks(recipe, source);
    there.createDisks(recipe, destination);
    if (fullDisk) {
      fill(source.resolve(recipe.localDisks().getFirst().file()));
    }
    s = here.driver.launch(recipe, source, LaunchMode.RUN);
    d = there.driver.launch(recipe, destination, LaunchMode.INCOMING);
    TestHost.awaitConsole(source, "R ready", SOON);
    d.watchArrival(permit(), false, arrival::complete);
    to =
        d.openIncoming(
            new IncomingRequest(
                "127.0.0.1",
                TestHost.freePort(),
                0,
                Map.of("disk0", EXPORT),
                options,
                KEY,
                true,
                true));
  }

  private ArrivalPermit permit() {
    return new ArrivalPermit() {
      @Override
      public void recordArrived() {}

      @Override
      public CompletableFuture<Void> sourceLetGo() {
        return sourceLetGo;
      }
    };
  }

  /** A guest with these options of the test guest, and an empty disk. */
  static MovingGuest with(Path directory, String guestOptions, int memoryMib) throws Exception {
    return with(directory, guestOptions, memoryMib, false, MoveOptions.PLAIN);
  }

  static MovingGuest with(
      Path directory, String guestOptions, int memoryMib, boolean fullDisk, MoveOptions options)
      throws Exception {
    TestHost here = new TestHost(directory.resolve("a"));
    TestHost there = new TestHost(directory.resolve("b"));
    LaunchRecipe recipe = here.recipe(guestOptions, memoryMib, "raw");
    var _ = there.recipe(guestOptions, memoryMib, "raw"); // places kernel and initramfs
    return new MovingGuest(here, there, recipe, fullDisk, options);
  }

  private static void fill(Path disk) throws IOException {
    byte[] content = new byte[Math.toIntExact(Files.size(disk))];
    new Random(1).nextBytes(content);
    Files.write(disk, content);
  }

  void mirror(Steering steering) throws VirtException, InterruptedException {
    mirror(steering, to.nbdPort());
  }

  void mirror(Steering steering, int port) throws VirtException, InterruptedException {
    s.mirrorDisks(
        List.of(new MirrorTarget("disk0", to.address(), port, EXPORT, Sync.FULL, KEY)),
        steering,
        progress::add);
  }

  HandOver handOver(Steering steering) throws VirtException, InterruptedException {
    return handOver(steering, to.migrationPort());
  }

  HandOver handOver(Steering steering, int port) throws VirtException, InterruptedException {
    HandOver came =
        s.handOver(
            new MemoryTarget(to.address(), port, KEY, to.suppressVmdesc(), to.awaitsSource()),
            steering,
            false,
            records::incrementAndGet,
            progress::add);
    if (came instanceof HandOver.Sent) {
      sourceLetGo.complete(null);
    }
    return came;
  }

  /** Asks the source's QEMU by its second monitor. */
  <R> R ask(QmpCommand<R> command) throws VirtException {
    return ask(source, command);
  }

  <R> R ask(Path instance, QmpCommand<R> command) throws VirtException {
    try (QmpMonitor monitor = secondMonitor(instance)) {
      return monitor.call(command);
    }
  }

  /** The source's second monitor, which takes one client at a time. */
  QmpMonitor secondMonitor() throws VirtException {
    return secondMonitor(source);
  }

  static QmpMonitor secondMonitor(Path instance) throws VirtException {
    Duration patience = Duration.ofSeconds(10);
    try (MonitorSockets sockets = MonitorSockets.of(instance, Path.of("/tmp"))) {
      return QmpMonitor.connect(
          sockets.second(), new QmpDeadlines(patience, patience, patience), patience);
    }
  }

  void assertAtHome() throws Exception {
    assertThat(s.runState()).isEqualTo(RunState.RUNNING);
    assertThat(records).hasValue(0);
    assertThat(ask(new Commands.QueryBlock()))
        .allSatisfy(device -> {
          if (device.inserted() != null) {
            assertThat(device.inserted().bps_wr()).as("writes are not limited").isZero();
          }
        });
    assertThat(ask(new Commands.QueryBlockJobs())).isEmpty();
    int before = TestHost.console(source).lastIndexOf("\nH ");
    awaitMore(source, "\nH ", before);
    assertThat(TestHost.console(source)).doesNotContain("R LOST", "R CORRUPT", "R EIO", "BADMEM");
  }

  /** The guest runs there with all of its memory, and the one that left does not. */
  void assertMoved() throws Exception {
    assertThat(arrival.get(60, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
    assertThat(d.runState()).isEqualTo(RunState.RUNNING);
    assertThat(s.runState()).isEqualTo(RunState.POSTMIGRATE);
    assertThat(records).hasValue(1);
    TestHost.awaitConsole(destination, "\nH ", SOON);
  }

  /** Whole rounds of checking its memory, none of them with a wrong page. */
  void assertMemoryIsWhole() throws Exception {
    until(
        "four rounds of checking",
        SOON,
        () -> {
          assertThat(TestHost.console(destination)).doesNotContain("BADMEM", "R ready", "panic");
          return rounds().size() >= 4;
        });
    assertThat(rounds().subList(1, 3)).allSatisfy(line -> assertThat(line).endsWith(" 0"));
  }

  private List<String> rounds() throws Exception {
    return TestHost.console(destination).lines().filter(line -> line.startsWith("M ")).toList();
  }

  /** Waits until so many bytes have moved, by what the source tells. */
  void awaitMoved(String what, ToLongFunction<MoveProgress> moved, long bytes) throws Exception {
    until(
        what + " has moved",
        SOON,
        () -> !progress.isEmpty() && moved.applyAsLong(progress.getLast()) >= bytes);
  }

  private static void awaitMore(Path instance, String text, int before) throws Exception {
    until(
        "the guest says more of '%s'".formatted(text.strip()),
        SOON,
        () -> TestHost.console(instance).lastIndexOf(text) > before);
  }

  @Override
  public void close() throws VirtException {
    TestHost.end(s);
    TestHost.end(d);
  }
}
