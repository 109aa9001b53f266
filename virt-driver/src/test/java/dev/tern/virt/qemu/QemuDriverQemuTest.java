package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.DiskImages;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.HostCapabilities;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The QEMU driver")
class QemuDriverQemuTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir Path temporary;
  private final List<Guest> guests = new ArrayList<>();
  private TestHost host;

  @BeforeEach
  void oneHost() throws Exception {
    host = new TestHost(temporary.resolve("a"));
  }

  @AfterEach
  void endAll() throws Exception {
    for (Guest guest : guests) {
      TestHost.end(guest);
    }
  }

  @Test
  void tells_what_the_installed_qemu_offers() throws Exception {
    HostCapabilities found = host.driver.capabilities();
    assertThat(found.version()).matches("\\d+\\.\\d+\\.\\d+");
    assertThat(found.versionNumber()).isGreaterThan(7_000_000);
    assertThat(found.machineTypes()).contains(found.defaultMachineType());
    assertThat(found.defaultMachineType()).matches("pc-q35-\\d+\\.\\d+");
    assertThat(found.accelerator()).isEqualTo("tcg");
    assertThat(found.missingCommands()).isEmpty();
  }

  @Test
  @Tag("S168")
  void boots_a_guest_that_outlives_the_connection_and_is_adopted_again() throws Exception {
    Path instance = host.instance("s");
    LaunchRecipe recipe = host.recipe("tern.write=50,64,0", 96, "qcow2");
    host.createDisks(recipe, instance);
    Guest guest = host.driver.launch(recipe, instance, LaunchMode.RUN);
    guests.add(guest);
    TestHost.awaitConsole(instance, "R ready", SOON);
    long pid = guest.pid();
    assertThat(Files.getPosixFilePermissions(instance))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    assertThatThrownBy(() -> host.driver.launch(recipe, instance, LaunchMode.RUN))
        .hasMessageContaining("already");
    guest.close();

    Guest adopted = host.driver.adopt(instance).orElseThrow();
    guests.add(adopted);
    assertThat(adopted.pid()).isEqualTo(pid);
    assertThat(adopted.runState()).isEqualTo(RunState.RUNNING);
    assertThat(adopted.disks())
        .singleElement()
        .extracting(Guest.DiskState::diskId)
        .isEqualTo("disk0");
    CountDownLatch gone = new CountDownLatch(1);
    adopted.onGone(gone::countDown);
    adopted.kill();
    assertThat(gone.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(adopted.alive()).isFalse();
    adopted.kill();
    assertThat(host.driver.adopt(instance)).isEmpty();
  }

  @Test
  void lets_a_guest_power_off_by_itself_when_asked() throws Exception {
    Path instance = host.instance("s");
    LaunchRecipe recipe = host.recipe("", 96, "raw");
    host.createDisks(recipe, instance);
    Guest guest = host.driver.launch(recipe, instance, LaunchMode.RUN);
    guests.add(guest);
    TestHost.awaitConsole(instance, "R ready", SOON);
    guest.shutDown(SOON);
    assertThat(TestHost.console(instance)).contains("R poweroff");
    assertThat(guest.alive()).isFalse();
  }

  @Test
  void takes_a_data_directory_deeper_than_a_socket_address() throws Exception {
    Path instance = host.instance("deep-".repeat(20) + "/" + "deeper-".repeat(12));
    assertThat(instance.toString().length()).isGreaterThan(200);
    LaunchRecipe recipe = host.recipe("", 96, "qcow2");
    host.createDisks(recipe, instance);
    Guest guest = host.driver.launch(recipe, instance, LaunchMode.RUN);
    guest.close();
    Guest adopted = host.driver.adopt(instance).orElseThrow();
    guests.add(adopted);
    assertThat(adopted.runState()).isEqualTo(RunState.RUNNING);
  }

  @Test
  void never_takes_a_strangers_process_for_its_own() throws Exception {
    Path instance = host.instance("s");
    long stranger = ProcessHandle.current().pid();
    Files.writeString(instance.resolve("qemu.pid"), stranger + "\n");
    assertThat(host.driver.adopt(instance)).isEmpty();
    QemuProcess us = QemuProcess.of(stranger).orElseThrow();
    new QemuProcess(us.pid(), us.startTicks() + 1, us.bootId()).record(instance);
    assertThat(host.driver.adopt(instance)).isEmpty();
    assertThat(QemuProcess.of(Integer.MAX_VALUE)).isEmpty();
  }

  @Test
  void leaves_nothing_of_a_guest_that_does_not_start() throws Exception {
    Path instance = host.instance("s");
    LaunchRecipe good = host.recipe("", 96, "qcow2");
    host.createDisks(good, instance);
    LaunchRecipe bad =
        new LaunchRecipe(
            LaunchRecipe.VERSION,
            good.serverId(),
            "x",
            "pc-q35-99.9",
            "tcg",
            "qemu64",
            1,
            good.memoryKib(),
            good.kernel(),
            good.disks(),
            good.nics(),
            good.hotPlugPorts());
    assertThatThrownBy(() -> host.driver.launch(bad, instance, LaunchMode.RUN))
        .isInstanceOfSatisfying(
            VirtException.class, e -> assertThat(e.kind()).isEqualTo(VirtException.Kind.REFUSED))
        .hasMessageContaining("unsupported machine type");
    assertThat(host.driver.adopt(instance)).isEmpty();
  }

  @Test
  @Tag("S167")
  void refuses_a_plaintext_listener_off_loopback() throws Exception {
    Path instance = host.instance("s");
    LaunchRecipe recipe = host.recipe("", 96, "qcow2");
    host.createDisks(recipe, instance);
    Guest guest = host.driver.launch(recipe, instance, LaunchMode.INCOMING);
    guests.add(guest);
    for (String address : List.of("0.0.0.0", "192.0.2.1", "::", "example.org")) {
      assertThatThrownBy(() ->
              guest.openIncoming(
                  new Guest.IncomingRequest(
                      address,
                      TestHost.freePort(),
                      0,
                      Map.of("disk0", "name-12345678"),
                      MoveOptions.PLAIN,
                      Optional.empty(),
                      true)))
          .isInstanceOf(VirtException.class);
    }
    assertThatThrownBy(guest::cont).isInstanceOf(VirtException.class);
  }

  @Test
  void makes_overlays_whose_base_qemu_takes_from_the_recipe_alone() throws Exception {
    Path file = temporary.resolve("base.raw");
    Files.write(file, new byte[1 << 20]);
    String sha = host.addBase(file);
    Path disk = host.instance("s").resolve("disk0.qcow2");
    DiskImages images = host.driver.images();
    DiskImages.Layer base = new DiskImages.Layer(host.bases.resolve(sha), "raw", false);
    images.create(
        disk,
        new DiskImages.NewImage(
            "qcow2", 64 << 20, List.of(base), Optional.empty(), Optional.empty()));
    assertThat(
            images
                .inspect(disk, new DiskImages.Expected("qcow2", false, List.of(base)))
                .virtualBytes())
        .isEqualTo(64 << 20);
    assertThatThrownBy(() ->
            images.inspect(
                disk,
                new DiskImages.Expected(
                    "qcow2", false, List.of(new DiskImages.Layer(file, "raw", false)))))
        .hasMessageContaining("not the recorded layer");
    assertThatThrownBy(() -> images.inspectUntrusted(disk, "qcow2"))
        .hasMessageContaining("backing file");
    assertThatThrownBy(() -> images.create(disk, DiskImages.NewImage.empty("qcow2", 64 << 20)))
        .hasMessageContaining("cannot be created");
    assertThatThrownBy(() -> images.inspectUntrusted(disk, "raw"))
        .hasMessageContaining("starts as a qcow2");
  }
}
