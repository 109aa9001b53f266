package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
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
import dev.tern.virt.MovePolicy;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtDriver.LaunchMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A live migration between two real QEMUs")
class LiveMigrationQemuTest {
  private static final String WRITER = "tern.write=100,512,0 tern.mem=8,16";
  private static final String EXPORT = "export-4f2a9c7d";
  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir Path temporary;
  private final List<Guest> guests = Collections.synchronizedList(new ArrayList<>());
  private final List<MoveProgress> progress = Collections.synchronizedList(new ArrayList<>());
  private TestHost here;
  private TestHost there;
  private Path source;
  private Path destination;
  private LaunchRecipe recipe;

  @BeforeEach
  void twoHosts() throws Exception {
    here = new TestHost(temporary.resolve("a"));
    there = new TestHost(temporary.resolve("b"));
    source = here.instance("s");
    destination = there.instance("s");
    recipe = here.recipe(WRITER, 96, "qcow2");
    var _ = there.recipe(WRITER, 96, "qcow2"); // places kernel and initramfs
    here.createDisks(recipe, source);
    there.createDisks(recipe, destination);
  }

  @AfterEach
  void endAll() throws Exception {
    for (Guest guest : guests) {
      TestHost.end(guest);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "::1"})
  @Tag("S84")
  @Tag("S89")
  void moves_memory_and_disk_and_the_guest_runs_on(String address) throws Exception {
    Guest s = bootSource();
    Guest d = launchIncoming();
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(() -> {}, false, arrival::complete);
    IncomingEndpoints to = open(d, address);
    AtomicBoolean recorded = new AtomicBoolean();

    s.mirrorDisks(mirrorTo(to), usual(), progress::add);
    HandOver handOver =
        s.handOver(memoryTo(to), usual(), false, () -> recorded.set(true), progress::add);

    assertThat(handOver).isInstanceOf(HandOver.Sent.class);
    assertThat(recorded).isTrue();
    Arrival.Running running = (Arrival.Running) arrival.get(20, TimeUnit.SECONDS);
    Duration pause =
        Duration.between(
            ((HandOver.Sent) handOver).stamps().stopped().orElseThrow(),
            running.stamps().resumed().orElseThrow());
    assertThat(pause).isBetween(Duration.ZERO, Duration.ofSeconds(3));
    assertThat(d.runState()).isEqualTo(RunState.RUNNING);
    assertThat(s.runState()).isEqualTo(RunState.POSTMIGRATE);
    TestHost.awaitConsole(destination, "\nH ", SOON);
    TestHost.awaitConsole(destination, "\nA ", SOON);
    assertThat(TestHost.console(destination)).doesNotContain("R ready");
    assertThat(progress)
        .isSortedAccordingTo(java.util.Comparator.comparingLong(p -> p.diskProcessed()));
    assertThat(progress)
        .isSortedAccordingTo(java.util.Comparator.comparingLong(p -> p.memoryProcessed()));
  }

  @Test
  @Tag("S97")
  void whose_destination_dies_while_mirroring_leaves_the_guest_at_home() throws Exception {
    Guest s = bootSource();
    Guest d = launchIncoming();
    IncomingEndpoints to = open(d);
    s.mirrorDisks(mirrorTo(to), usual(), progress::add);
    d.kill();

    HandOver handOver =
        s.handOver(
            memoryTo(to),
            usual(),
            false,
            () -> {
              throw new AssertionError("must not be recorded");
            },
            progress::add);

    assertThat(handOver).isInstanceOf(HandOver.Stayed.class);
    assertAtHome(s);
  }

  @Test
  @Tag("S97")
  void whose_destination_dies_before_the_record_leaves_the_guest_at_home() throws Exception {
    Guest s = bootSource();
    Guest d = launchIncoming();
    IncomingEndpoints to = open(d);
    s.mirrorDisks(mirrorTo(to), usual(), progress::add);

    HandOver handOver =
        s.handOver(
            memoryTo(to),
            usual(),
            false,
            () -> {
              throw new java.io.IOException("the journal's disk is full");
            },
            progress::add);

    assertThat(handOver).isInstanceOf(HandOver.Stayed.class);
    assertAtHome(s);
  }

  @Test
  @Tag("S97")
  void whose_destination_dies_after_the_record_is_never_taken_back_by_itself() throws Exception {
    Guest s = bootSource();
    Guest d = launchIncoming();
    IncomingEndpoints to = open(d);
    s.mirrorDisks(mirrorTo(to), usual(), progress::add);

    HandOver handOver =
        s.handOver(
            memoryTo(to),
            usual(),
            false,
            () -> ProcessHandle.of(d.pid()).orElseThrow().destroyForcibly(),
            progress::add);

    assertThat(handOver).isNotInstanceOf(HandOver.Stayed.class);
    assertThat(s.runState()).isNotEqualTo(RunState.RUNNING);
    s.recoverAtHome(false);
    assertAtHome(s);
  }

  /**
   * From then on nobody may start the guest from the source's disk: the destination's is the one.
   */
  @Test
  @Tag("S97")
  void whose_destination_dies_between_its_record_and_the_start_has_the_whole_disk_there()
      throws Exception {
    Guest s = bootSource();
    Guest d = launchIncoming();
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    ProcessHandle qemu = ProcessHandle.of(d.pid()).orElseThrow();
    d.watchArrival(
        () -> {
          qemu.destroyForcibly();
          qemu.onExit().join();
        },
        false,
        arrival::complete);
    IncomingEndpoints to = open(d);
    s.mirrorDisks(mirrorTo(to), usual(), progress::add);

    HandOver handOver = s.handOver(memoryTo(to), usual(), false, () -> {}, progress::add);

    assertThat(handOver).isInstanceOf(HandOver.Sent.class);
    assertThat(arrival.get(20, TimeUnit.SECONDS)).isInstanceOf(Arrival.Failed.class);
    TestHost.end(s);
    String there = destination.resolve("disk0.qcow2").toString();
    assertThat(qemuImg("check", "-f", "qcow2", there)).contains("No errors were found");
    assertThat(
            qemuImg(
                "compare",
                "-f",
                "qcow2",
                "-F",
                "qcow2",
                source.resolve("disk0.qcow2").toString(),
                there))
        .contains("Images are identical");
  }

  private static String qemuImg(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("qemu-img"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return said;
  }

  @Test
  @Tag("S96")
  void goes_on_after_the_agent_was_restarted_at_each_point() throws Exception {
    Guest s = bootSource();
    Guest d = launchIncoming();
    IncomingEndpoints to = open(d);
    d.close();
    d = adopted(there, destination);
    assertThat(open(d)).isEqualTo(to);
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(() -> {}, false, arrival::complete);

    // Mid-mirror: slow enough to be under way when the former agent dies.
    s.mirrorDisks(mirrorTo(to), usual(), progress::add);
    s.close();
    s = adopted(here, source);
    s.mirrorDisks(mirrorTo(to), usual(), progress::add);
    // Mid-memory: begun by the former, taken up by the next.
    Guest former = s;
    Thread dying =
        Thread.ofVirtual()
            .start(() -> {
              try {
                former.handOver(
                    memoryTo(to),
                    steering(Duration.ofMillis(1), 4 << 20),
                    false,
                    () -> {
                      throw new AssertionError("the former agent is dead");
                    },
                    p -> {
                      if (p.memoryProcessed() > 0) {
                        former.close();
                      }
                    });
              } catch (Exception expected) {
                // its connection is gone
              }
            });
    dying.join();
    s = adopted(here, source);
    HandOver handOver = s.handOver(memoryTo(to), usual(), false, () -> {}, progress::add);

    assertThat(handOver).isInstanceOf(HandOver.Sent.class);
    assertThat(arrival.get(20, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
    assertThat(
            s.handOver(
                memoryTo(to),
                usual(),
                true,
                () -> {
                  throw new AssertionError("recorded already");
                },
                progress::add))
        .isInstanceOf(HandOver.Sent.class);
  }

  @Test
  @Tag("S88")
  void that_is_cancelled_leaves_the_guest_at_home_and_a_second_one_works() throws Exception {
    Guest s = bootSource();
    Guest d = launchIncoming();
    IncomingEndpoints to = open(d);
    s.mirrorDisks(mirrorTo(to), usual(), progress::add);
    AtomicBoolean asked = new AtomicBoolean();
    HandOver handOver =
        s.handOver(
            memoryTo(to),
            steering(Duration.ofMillis(1), 4 << 20),
            false,
            () -> {},
            p -> {
              if (p.memoryProcessed() > 0 && asked.compareAndSet(false, true)) {
                try {
                  s.cancelHandOver();
                } catch (dev.tern.virt.VirtException e) {
                  throw new AssertionError(e);
                }
              }
            });
    assertThat(handOver).isInstanceOf(HandOver.Stayed.class);
    assertAtHome(s);
    s.cancelMirrors();
    s.recoverAtHome(false);
    assertAtHome(s);

    TestHost.end(d);
    java.nio.file.Files.delete(destination.resolve("disk0.qcow2"));
    there.createDisks(recipe, destination);
    Guest again = launchIncoming();
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    again.watchArrival(() -> {}, false, arrival::complete);
    IncomingEndpoints second = open(again);
    s.mirrorDisks(mirrorTo(second), usual(), progress::add);
    assertThat(s.handOver(memoryTo(second), usual(), false, () -> {}, progress::add))
        .isInstanceOf(HandOver.Sent.class);
    assertThat(arrival.get(20, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
  }

  private Guest bootSource() throws Exception {
    Guest guest = here.driver.launch(recipe, source, LaunchMode.RUN);
    guests.add(guest);
    TestHost.awaitConsole(source, "R ready", SOON);
    TestHost.awaitConsole(source, "\nA ", SOON);
    return guest;
  }

  private Guest launchIncoming() throws Exception {
    Guest guest = there.driver.launch(recipe, destination, LaunchMode.INCOMING);
    guests.add(guest);
    assertThat(guest.runState()).isEqualTo(RunState.INCOMING);
    return guest;
  }

  private Guest adopted(TestHost host, Path instance) throws Exception {
    Guest guest = host.driver.adopt(instance).orElseThrow();
    guests.add(guest);
    return guest;
  }

  private static IncomingEndpoints open(Guest guest) throws Exception {
    return open(guest, "127.0.0.1");
  }

  private static IncomingEndpoints open(Guest guest, String address) throws Exception {
    return guest.openIncoming(
        new IncomingRequest(
            address,
            TestHost.freePort(),
            0,
            Map.of("disk0", EXPORT),
            MoveOptions.PLAIN,
            Optional.of(TestHost.KEY),
            true));
  }

  private static List<MirrorTarget> mirrorTo(IncomingEndpoints to) {
    return List.of(
        new MirrorTarget(
            "disk0", to.address(), to.nbdPort(), EXPORT, Sync.FULL, Optional.of(TestHost.KEY)));
  }

  private static MemoryTarget memoryTo(IncomingEndpoints to) {
    return new MemoryTarget(
        to.address(), to.migrationPort(), Optional.of(TestHost.KEY), to.suppressVmdesc());
  }

  private void assertAtHome(Guest guest) throws Exception {
    assertThat(guest.runState()).isEqualTo(RunState.RUNNING);
    int before = TestHost.console(source).lastIndexOf("\nA ");
    assertThat(
            Written.await(
                source.resolve("console.log"),
                SOON,
                console ->
                    console.lastIndexOf("\nA ") > before ? Optional.of(true) : Optional.empty()))
        .as("acknowledged writes go on")
        .isPresent();
    assertThat(TestHost.console(source)).doesNotContain("R LOST", "R CORRUPT", "R EIO");
  }

  private static Steering usual() {
    return steering(Duration.ofMillis(300), 0);
  }

  private static Steering steering(Duration maxPause, long bytesPerSecond) {
    return new Steering(
        new MovePolicy(
            maxPause,
            bytesPerSecond,
            Duration.ofSeconds(60),
            MovePolicy.AtDeadline.ABORT,
            false,
            true),
        MoveOptions.PLAIN,
        false);
  }
}
