package dev.tern.virt.qemu;

import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.Guest;
import dev.tern.virt.Guest.WriteRates;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.QmpDeadlines;
import dev.tern.virt.qmp.QmpMonitor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A guest that is watched while it writes")
class WriteWatchQemuTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final long MIB = 1L << 20;

  @TempDir Path temporary;
  private final List<Guest> guests = new ArrayList<>();
  private TestHost host;

  @BeforeEach
  void aHost() throws Exception {
    host = new TestHost(temporary);
  }

  @AfterEach
  void endAll() throws Exception {
    for (Guest guest : guests) {
      TestHost.end(guest);
    }
  }

  private Guest runs(String name, String work, int memoryMib) throws Exception {
    LaunchRecipe recipe = host.recipe(work, memoryMib, "qcow2");
    Path instance = host.instance(name);
    host.createDisks(recipe, instance);
    Guest guest = host.driver.launch(recipe, instance, LaunchMode.RUN);
    guests.add(guest);
    TestHost.awaitConsole(instance, "\nM 2 ", SOON);
    return guest;
  }

  @Test
  void shows_how_much_of_memory_and_disks_it_writes() throws Exception {
    WriteRates busy = runs("busy", "tern.mem=32,400 tern.write=250,2048,0", 128).writes(SECOND);

    assertThat(busy.reason()).isEmpty();
    assertThat(busy.memoryBytesPerSecond().orElseThrow()).isBetween(8 * MIB, 128 * MIB);
    assertThat(busy.diskBytesPerSecond()).isBetween(MIB / 32, 2 * MIB);

    WriteRates quiet = runs("quiet", "tern.mem=8,0", 128).writes(SECOND);
    assertThat(quiet.memoryBytesPerSecond().orElseThrow())
        .isLessThan(busy.memoryBytesPerSecond().orElseThrow());
    assertThat(quiet.diskBytesPerSecond()).isZero();
  }

  @Test
  void shows_that_however_small_it_is() throws Exception {
    WriteRates small = runs("small", "tern.mem=16,400", 96).writes(SECOND);

    assertThat(small.reason()).isEmpty();
    assertThat(small.memoryBytesPerSecond().orElseThrow()).isBetween(4 * MIB, 96 * MIB);
  }

  @Test
  void while_somebody_else_samples_for_long_is_of_unknown_memory_at_once() throws Exception {
    Guest guest = runs("shared", "tern.mem=8,0", 128);
    try (QmpMonitor theirs = second(host.instance("shared"))) {
      theirs.call(new Commands.CalcDirtyRate(60, null));
      until(
          "sampling",
          SOON,
          () -> theirs.call(new Commands.QueryDirtyRate()).status().equals("measuring"));
      WriteRates seen = guest.writes(SECOND);
      assertThat(seen.memoryBytesPerSecond()).isEmpty();
      assertThat(seen.reason()).contains("already being measured");
      assertThat(seen.diskBytesPerSecond()).isZero();
    }
  }

  /** The monitor that is left free for whoever else wants to look. */
  private static QmpMonitor second(Path instance) throws Exception {
    try (MonitorSockets sockets =
        MonitorSockets.of(instance, Path.of(System.getProperty("java.io.tmpdir")))) {
      return QmpMonitor.connect(sockets.second(), new QmpDeadlines(SOON, SOON, SOON), SOON);
    }
  }
}
