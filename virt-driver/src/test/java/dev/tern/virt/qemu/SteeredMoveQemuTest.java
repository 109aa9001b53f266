package dev.tern.virt.qemu;

import static dev.tern.virt.qemu.MovingGuest.SOON;
import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.MoveOptions.Compression;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.MovePolicy.AtDeadline;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.Commands;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("A move of a real guest that outruns its link")
class SteeredMoveQemuTest {
  private static final long MIB = 1 << 20;

  /** Rewrites 24 MiB of its memory about as fast as it can. */
  private static final String DIRTIER = "tern.mem=24,400 tern.beat=50";

  private static final String WRITER = "tern.write=0,2048,0 tern.beat=50";
  private static final String QUIET = "tern.beat=50";
  private static final Duration LONG = Duration.ofMinutes(3);

  @TempDir Path directory;

  private static Steering steering(
      Duration deadline, AtDeadline atDeadline, long bytesPerSecond, boolean autoConverge) {
    return new Steering(
        policy(deadline, atDeadline, bytesPerSecond, autoConverge), MoveOptions.PLAIN, false);
  }

  private static MovePolicy policy(
      Duration deadline, AtDeadline atDeadline, long bytesPerSecond, boolean autoConverge) {
    return new MovePolicy(
        Duration.ofMillis(100),
        bytesPerSecond,
        deadline,
        atDeadline,
        atDeadline == AtDeadline.POST_COPY,
        autoConverge);
  }

  @Test
  @Tag("S121")
  void is_given_up_at_its_deadline_and_the_guest_runs_on_at_home() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, DIRTIER, 112)) {
      guest.mirror(steering(LONG, AtDeadline.ABORT, 0, false));
      HandOver came =
          guest.handOver(steering(Duration.ofSeconds(5), AtDeadline.ABORT, 8 * MIB, false));
      assertThat(came)
          .isInstanceOfSatisfying(
              HandOver.Stayed.class,
              stayed -> assertThat(stayed.reason()).contains("deadline of 5 s"));
      guest.assertAtHome();
    }
  }

  @Test
  @Tag("S121")
  void is_forced_at_its_deadline() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, DIRTIER, 112)) {
      guest.mirror(steering(LONG, AtDeadline.ABORT, 0, false));
      HandOver came =
          guest.handOver(steering(Duration.ofSeconds(4), AtDeadline.FORCE, 16 * MIB, false));
      assertThat(came).isInstanceOf(HandOver.Sent.class);
      guest.assertMoved();
      guest.assertMemoryIsWhole();
    }
  }

  @Test
  @Tag("S121")
  void goes_on_by_post_copy_at_its_deadline() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, DIRTIER, 112)) {
      guest.mirror(steering(LONG, AtDeadline.ABORT, 0, false));
      Steering steering = steering(Duration.ofSeconds(4), AtDeadline.POST_COPY, 16 * MIB, false);
      assertThat(guest.handOver(steering)).isInstanceOf(HandOver.Sent.class);
      guest.assertMoved();
      guest.assertMemoryIsWhole();
    }
  }

  @Test
  void slows_a_writer_down_until_its_mirror_catches_up_and_no_longer() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, WRITER, 96)) {
      Steering stubborn = steering(Duration.ofSeconds(6), AtDeadline.ABORT, MIB / 2, false);
      assertThatThrownBy(() -> guest.mirror(stubborn))
          .isInstanceOfSatisfying(
              VirtException.class, e -> assertThat(e.getMessage()).contains("deadline of 6 s"));
      guest.assertAtHome();

      Steering helpful = steering(LONG, AtDeadline.ABORT, MIB / 2, true);
      guest.mirror(helpful);
      helpful.change(policy(LONG, AtDeadline.ABORT, 0, true));
      assertThat(guest.handOver(helpful)).isInstanceOf(HandOver.Sent.class);
      guest.assertMoved();
    }
  }

  @Test
  void forced_while_disks_move_pauses_the_guest_until_all_has_moved() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, QUIET, 96, true, MoveOptions.PLAIN)) {
      Steering steering = steering(LONG, AtDeadline.ABORT, 2 * MIB, false);
      CompletableFuture<Boolean> mirrored = inBackground(guest, steering);
      guest.awaitMoved("a MiB of disk", MoveProgress::diskProcessed, MIB);
      steering.forceComplete();
      until("the guest is paused", SOON, () -> guest.s.runState() == RunState.PAUSED);
      assertThat(mirrored).isNotDone();
      steering.change(policy(LONG, AtDeadline.ABORT, 0, false));
      assertThat(mirrored.get(120, TimeUnit.SECONDS)).isTrue();
      assertThat(guest.s.runState()).isEqualTo(RunState.PAUSED);
      assertThat(guest.handOver(steering)).isInstanceOf(HandOver.Sent.class);
      guest.assertMoved();
    }
  }

  @Test
  @Tag("S81")
  @Tag("S161")
  void keeps_within_its_bandwidth_also_when_that_changes() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, QUIET, 96, true, MoveOptions.PLAIN)) {
      Steering steering = steering(LONG, AtDeadline.ABORT, 4 * MIB, false);
      CompletableFuture<Boolean> mirrored = inBackground(guest, steering);
      guest.awaitMoved("a MiB of disk", MoveProgress::diskProcessed, MIB);
      assertRate(guest, MoveProgress::diskProcessed, 4 * MIB);
      steering.change(policy(LONG, AtDeadline.ABORT, 8 * MIB, false));
      Thread.sleep(1000);
      assertRate(guest, MoveProgress::diskProcessed, 8 * MIB);
      steering.change(policy(LONG, AtDeadline.ABORT, 0, false));
      assertThat(mirrored.get(60, TimeUnit.SECONDS)).isTrue();

      steering.change(policy(LONG, AtDeadline.ABORT, 4 * MIB, false));
      CompletableFuture<HandOver> handOver =
          CompletableFuture.supplyAsync(() -> {
            try {
              return guest.handOver(steering);
            } catch (VirtException | InterruptedException e) {
              throw new AssertionError(e);
            }
          });
      guest.awaitMoved("a MiB of memory", MoveProgress::memoryProcessed, MIB);
      assertRate(guest, MoveProgress::memoryProcessed, 4 * MIB);
      steering.change(policy(LONG, AtDeadline.ABORT, 0, false));
      assertThat(handOver.get(60, TimeUnit.SECONDS)).isInstanceOf(HandOver.Sent.class);
      guest.assertMoved();
    }
  }

  @ParameterizedTest
  @CsvSource({"2, NONE", "2, ZSTD", "0, XBZRLE"})
  void goes_over_channels_and_compressed(int channels, Compression compression) throws Exception {
    MoveOptions options = new MoveOptions(channels, compression, true);
    try (MovingGuest guest = MovingGuest.with(directory, DIRTIER, 112, false, options)) {
      Steering steering = new Steering(policy(LONG, AtDeadline.FORCE, 0, true), options, false);
      guest.mirror(steering);
      assertThat(guest.handOver(steering)).isInstanceOf(HandOver.Sent.class);
      guest.assertMoved();
      guest.assertMemoryIsWhole();
    }
  }

  @Test
  void of_a_paused_guest_leaves_it_paused_wherever_it_ends() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, QUIET, 96)) {
      guest.ask(new Commands.Stop());
      Steering steering =
          new Steering(policy(LONG, AtDeadline.ABORT, 0, true), MoveOptions.PLAIN, true);
      guest.mirror(steering);
      guest.s.recoverAtHome(true);
      assertThat(guest.s.runState()).isEqualTo(RunState.PAUSED);
      guest.mirror(steering);
      HandOver stayed =
          guest.s.handOver(
              new dev.tern.virt.Guest.MemoryTarget(
                  guest.to.address(),
                  guest.to.migrationPort(),
                  MovingGuest.KEY,
                  guest.to.suppressVmdesc()),
              steering,
              false,
              () -> {
                throw new java.io.IOException("the journal's disk is full");
              },
              p -> {});
      assertThat(stayed).isInstanceOf(HandOver.Stayed.class);
      assertThat(guest.s.runState()).isEqualTo(RunState.PAUSED);
      guest.s.recoverAtHome(true);
      assertThat(guest.s.runState()).isEqualTo(RunState.PAUSED);
      guest.s.recoverAtHome(false);
      assertThat(guest.s.runState()).isEqualTo(RunState.RUNNING);
    }
  }

  private static CompletableFuture<Boolean> inBackground(MovingGuest guest, Steering steering) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        guest.mirror(steering);
        return true;
      } catch (VirtException | InterruptedException e) {
        throw new AssertionError(e);
      }
    });
  }

  /** Over four seconds, less than 10 % off; a busy machine may make it slower, never faster. */
  private static void assertRate(
      MovingGuest guest, ToLongFunction<MoveProgress> bytes, long bytesPerSecond)
      throws InterruptedException {
    long at = System.nanoTime();
    long from = bytes.applyAsLong(guest.progress.getLast());
    Thread.sleep(4000);
    long moved = bytes.applyAsLong(guest.progress.getLast()) - from;
    double rate = moved * 1e9 / (System.nanoTime() - at);
    assertThat(rate).isBetween(bytesPerSecond * 0.8, bytesPerSecond * 1.1);
  }
}
