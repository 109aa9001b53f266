package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.Guest.Sync;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NicRecipe;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.Steering;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A guest with a network card that boots from its own disk")
class DiskBootQemuTest {
  private static final String EXPORT = "export-7c1e5b02";
  private static final String WRITER =
      "tern.write=50,64,%d tern.mem=8,16".formatted(BootableDisk.FREE_FROM_BLOCK);

  /** The firmware, the boot loader and a kernel that unpacks itself are slow under emulation. */
  private static final Duration BOOT = Duration.ofMinutes(2);

  @TempDir Path temporary;
  private final List<Guest> guests = new ArrayList<>();
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
    recipe = ownDiskAndCard(here.recipe("", 96, "raw"));
    BootableDisk.write(source.resolve("disk0.raw"), WRITER);
    there.createDisks(recipe, destination);
  }

  private static LaunchRecipe ownDiskAndCard(LaunchRecipe r) {
    return new LaunchRecipe(
        r.version(),
        r.serverId(),
        r.name(),
        r.machineType(),
        r.accelerator(),
        r.cpuModel(),
        r.vcpus(),
        r.memoryKib(),
        Optional.empty(),
        List.of(new LocalDisk("disk0", "disk0.raw", "raw", BootableDisk.BYTES, List.of(), false)),
        List.of(new NicRecipe("nic0", "52:54:00:7e:12:34")),
        r.hotPlugPorts());
  }

  @AfterEach
  void endAll() throws Exception {
    for (Guest guest : guests) {
      TestHost.end(guest);
    }
  }

  private Guest launch(TestHost host, Path instance, LaunchMode mode) throws VirtException {
    Guest guest = host.driver.launch(recipe, instance, mode);
    guests.add(guest);
    return guest;
  }

  @Test
  @Tag("S84")
  void moves_and_boots_from_the_disk_that_moved() throws Exception {
    Guest s = launch(here, source, LaunchMode.RUN);
    TestHost.awaitConsole(source, "\nA ", BOOT);
    Guest d = launch(there, destination, LaunchMode.INCOMING);

    move(s, d);

    assertThat(d.runState()).isEqualTo(RunState.RUNNING);
    TestHost.awaitConsole(destination, "\nA ", BOOT);
    assertThat(TestHost.console(destination)).doesNotContain("R ready", "R LOST", "R CORRUPT");
    d.shutDown(BOOT);
    assertThat(TestHost.console(destination)).contains("R poweroff");
    String before = TestHost.console(destination);

    var _ = launch(there, destination, LaunchMode.RUN);
    TestHost.awaitConsole(destination, "next " + (lastWritten(before) + 1) + "\n", BOOT);
    assertThat(TestHost.console(destination).substring(before.length())).contains("R ready");
  }

  private void move(Guest s, Guest d) throws Exception {
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(() -> {}, false, arrival::complete);
    Optional<StreamKey> key = Optional.of(TestHost.KEY);
    IncomingEndpoints to =
        d.openIncoming(
            new IncomingRequest(
                "127.0.0.1",
                TestHost.freePort(),
                0,
                Map.of("disk0", EXPORT),
                MoveOptions.PLAIN,
                key,
                true));
    MovePolicy policy =
        new MovePolicy(
            Duration.ofMillis(300),
            0,
            Duration.ofMinutes(1),
            MovePolicy.AtDeadline.ABORT,
            false,
            true);
    Steering steering = new Steering(policy, MoveOptions.PLAIN, false);
    s.mirrorDisks(
        List.of(new MirrorTarget("disk0", to.address(), to.nbdPort(), EXPORT, Sync.FULL, key)),
        steering,
        p -> {});
    HandOver handOver =
        s.handOver(
            new MemoryTarget(to.address(), to.migrationPort(), key, to.suppressVmdesc()),
            steering,
            false,
            () -> {},
            p -> {});
    assertThat(handOver).isInstanceOf(HandOver.Sent.class);
    assertThat(arrival.get(60, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
  }

  /** The number of the last write that the guest acknowledged; it ended between two of them. */
  private static long lastWritten(String console) {
    return console
        .lines()
        .filter(line -> line.startsWith("A "))
        .mapToLong(line -> Long.parseLong(line.split(" ", -1)[1]))
        .max()
        .orElseThrow();
  }
}
