package dev.tern.virt.qemu;

import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.MissingMemory;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.MovePolicy.AtDeadline;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.QmpEvents;
import dev.tern.virt.qmp.QmpMonitor;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TCP itself would wait for minutes; here two seconds are meant, and a busy machine gets five. */
@DisplayName("A move whose link dies")
@Tag("S88")
class DeadLinkQemuTest {
  private static final Duration AT_ONCE = Duration.ofSeconds(5);
  private static final long MIB = 1 << 20;
  private static final String DIRTIER = "tern.mem=24,400 tern.beat=50";
  private static final String WRITER = "tern.write=200,2000,0 tern.beat=50";
  private static final String QUIET = "tern.beat=50";

  @TempDir Path directory;

  private static Steering steering(long bytesPerSecond, boolean postCopy) {
    return new Steering(
        new MovePolicy(
            Duration.ofMillis(100),
            bytesPerSecond,
            Duration.ofSeconds(postCopy ? 2 : 180),
            postCopy ? AtDeadline.POST_COPY : AtDeadline.ABORT,
            postCopy,
            false),
        MoveOptions.PLAIN,
        false);
  }

  @Test
  void while_disks_move_can_be_aborted_at_once() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, QUIET, 96, true, MoveOptions.PLAIN);
        FreezingLink link = new FreezingLink(guest.to.nbdPort())) {
      CompletableFuture<String> ended = new CompletableFuture<>();
      Thread mirroring =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  guest.mirror(steering(4 * MIB, false), link.port());
                  ended.complete("ready");
                } catch (VirtException | InterruptedException e) {
                  ended.complete(e.getClass().getSimpleName());
                }
              });
      guest.awaitMoved("a MiB of disk", MoveProgress::diskProcessed, MIB);
      link.freeze();
      Thread.sleep(1000);
      long asked = System.nanoTime();
      mirroring.interrupt();
      ended.get(30, TimeUnit.SECONDS);
      guest.s.recoverAtHome(false);
      assertThat(Duration.ofNanos(System.nanoTime() - asked)).isLessThan(AT_ONCE);
      guest.assertAtHome();
    }
  }

  @Test
  void while_memory_moves_can_be_aborted_at_once() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, DIRTIER, 112);
        FreezingLink disks = new FreezingLink(guest.to.nbdPort());
        FreezingLink memory = new FreezingLink(guest.to.migrationPort())) {
      guest.mirror(steering(0, false), disks.port());
      CompletableFuture<HandOver> handOver =
          handOverInBackground(guest, steering(4 * MIB, false), memory.port());
      guest.awaitMoved("a MiB of memory", MoveProgress::memoryProcessed, MIB);
      memory.freeze();
      disks.freeze();
      Thread.sleep(1000);
      long asked = System.nanoTime();
      guest.s.cancelHandOver();
      assertThat(handOver.get(30, TimeUnit.SECONDS)).isInstanceOf(HandOver.Stayed.class);
      assertThat(Duration.ofNanos(System.nanoTime() - asked)).isLessThan(AT_ONCE);
      guest.assertAtHome();
    }
  }

  /** The stop of a guest waits for what its mirrors have sent, and QEMU with it. */
  @Test
  void when_its_guest_is_stopped_keeps_it_at_home_and_lets_it_go_on() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, WRITER, 96);
        FreezingLink disks = new FreezingLink(guest.to.nbdPort())) {
      guest.mirror(steering(0, false), disks.port());
      Map<String, Instant> seen = new ConcurrentHashMap<>();
      try (QmpMonitor second = guest.secondMonitor();
          QmpEvents _ = second.events(event -> seen.put(event.name(), event.at()))) {
        CompletableFuture<HandOver> handOver =
            handOverInBackground(guest, steering(8 * MIB, false), guest.to.migrationPort());
        guest.awaitMoved("a MiB of memory", MoveProgress::memoryProcessed, MIB);
        assertThat(handOver).isNotDone();
        disks.freeze();
        assertThat(handOver.get(60, TimeUnit.SECONDS)).isInstanceOf(HandOver.Stayed.class);
      }
      guest.assertAtHome();
      assertThat(seen).containsKeys("STOP", "RESUME");
      assertThat(Duration.between(seen.get("STOP"), seen.get("RESUME")))
          .isBetween(Duration.ZERO, AT_ONCE);
    }
  }

  @Test
  void after_post_copy_began_goes_on_over_a_new_connection_each_time() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, DIRTIER, 112);
        FreezingLink memory = new FreezingLink(guest.to.migrationPort())) {
      guest.mirror(steering(0, false));
      // QEMU keeps to no bandwidth in post-copy: the rest would be there before the cut.
      memory.slowTo(4 * MIB);
      CompletableFuture<HandOver> handOver =
          handOverInBackground(guest, steering(4 * MIB, true), memory.port());
      assertThat(guest.arrival.get(60, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
      assertThat(guest.ask(new Commands.QueryMigrate()).status()).isEqualTo("postcopy-active");
      assertThat(guest.d.missingMemory()).isEqualTo(MissingMemory.COMING);
      memory.cut();
      memory.mend();
      until("the post-copy goes on", Duration.ofSeconds(60), () -> isUnderWay(guest));
      memory.cut();
      memory.slowTo(Long.MAX_VALUE);
      memory.mend();
      assertThat(handOver.get(120, TimeUnit.SECONDS)).isInstanceOf(HandOver.Sent.class);
      guest.assertMoved();
      guest.assertMemoryIsWhole();
      assertThat(guest.d.missingMemory()).isEqualTo(MissingMemory.NONE);
    }
  }

  @Test
  @Tag("S68")
  void because_its_source_died_in_post_copy_says_that_the_rest_is_cut_off() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, DIRTIER, 112);
        FreezingLink memory = new FreezingLink(guest.to.migrationPort())) {
      guest.mirror(steering(0, false));
      memory.slowTo(4 * MIB);
      var _ = handOverInBackground(guest, steering(4 * MIB, true), memory.port());
      assertThat(guest.arrival.get(60, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
      assertThat(guest.d.missingMemory()).isEqualTo(MissingMemory.COMING);

      ProcessHandle.of(guest.s.pid()).orElseThrow().destroyForcibly();

      until(
          "the destination says so, whatever holds its QEMU",
          Duration.ofSeconds(30),
          () -> guest.d.missingMemory() == MissingMemory.CUT_OFF);
      assertThat(guest.d.alive()).isTrue();
      guest.d.shutDown(Duration.ZERO);
      assertThat(guest.d.alive()).isFalse();
    }
  }

  /** QEMU answers nothing while it waits for the other side's part of a TLS handshake. */
  private static boolean isUnderWay(MovingGuest guest) throws VirtException {
    try {
      return "postcopy-active".equals(guest.ask(new Commands.QueryMigrate()).status());
    } catch (VirtException e) {
      if (e.kind() != VirtException.Kind.NO_ANSWER) {
        throw e;
      }
      return false;
    }
  }

  private static CompletableFuture<HandOver> handOverInBackground(
      MovingGuest guest, Steering steering, int port) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return guest.handOver(steering, port);
      } catch (VirtException | InterruptedException e) {
        throw new AssertionError(e);
      }
    });
  }
}
