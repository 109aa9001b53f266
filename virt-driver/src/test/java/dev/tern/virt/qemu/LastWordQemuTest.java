package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.Guest.RunState;
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
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A source that may use post-copy waits for its peer's last word when it has sent everything. When
 * the link breaks before that, QEMU calls the migration failed and runs the guest by itself,
 * although its peer has all of it.
 */
@DisplayName("The last word of a destination whose source may use post-copy")
class LastWordQemuTest {
  private static final long MIB = 1 << 20;
  private static final String QUIET = "tern.beat=50";

  @TempDir Path directory;

  @Test
  @Tag("S84")
  void may_never_be_heard_and_the_guest_runs_once() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, QUIET, 96);
        FreezingLink memory = new FreezingLink(guest.to.migrationPort());
        QmpMonitor there = MovingGuest.secondMonitor(guest.destination)) {
      Set<String> told = ConcurrentHashMap.newKeySet();
      try (QmpEvents _ = there.events(event -> told.add(event.name()))) {
        guest.mirror(steering(0));
        CompletableFuture<HandOver> handOver = handOver(guest, memory.port());
        guest.awaitMoved("a MiB of memory", MoveProgress::memoryProcessed, MIB);
        memory.deafen();
        awaitLoaded(there);
        assertThat(guest.ask(new Commands.QueryMigrate()).status())
            .as("the source waits for the last word")
            .isEqualTo("device");
        assertThat(guest.d.runState()).isEqualTo(RunState.PAUSED);

        memory.cut();
        assertThat(handOver.get(60, TimeUnit.SECONDS))
            .isInstanceOfSatisfying(
                HandOver.Unknown.class, unknown -> assertThat(unknown.letGo()).contains(false));
        assertThat(guest.arrival).isNotDone();
        assertThat(told).as("the guest has not run there").doesNotContain("RESUME");
        assertThat(guest.s.runState()).isEqualTo(RunState.PAUSED);
        guest.d.kill();
        assertThat(guest.arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Failed.class);
        guest.s.recoverAtHome(false);
        assertThat(guest.s.runState()).isEqualTo(RunState.RUNNING);
      }
    }
  }

  @Test
  void lets_it_run_there_once_the_source_has_heard_it() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, QUIET, 96)) {
      guest.mirror(steering(0));
      assertThat(guest.handOver(steering(0))).isInstanceOf(HandOver.Sent.class);
      assertThat(guest.arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
      assertThat(guest.d.runState()).isEqualTo(RunState.RUNNING);
    }
  }

  @Test
  void is_not_to_be_had_of_a_source_that_ended_and_had_not_failed() throws Exception {
    try (MovingGuest guest = MovingGuest.with(directory, QUIET, 96);
        FreezingLink memory = new FreezingLink(guest.to.migrationPort())) {
      guest.mirror(steering(0));
      CompletableFuture<HandOver> handOver = handOver(guest, memory.port());
      guest.awaitMoved("a MiB of memory", MoveProgress::memoryProcessed, MIB);
      memory.deafen();
      try (QmpMonitor there = MovingGuest.secondMonitor(guest.destination)) {
        awaitLoaded(there);
      }
      guest.s.kill();
      assertThat(handOver.get(60, TimeUnit.SECONDS))
          .isInstanceOfSatisfying(
              HandOver.Unknown.class, unknown -> assertThat(unknown.letGo()).contains(true));
      guest.sourceLetGo.complete(null);
      assertThat(guest.arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
    }
  }

  private static void awaitLoaded(QmpMonitor there) throws Exception {
    long until = System.nanoTime() + MovingGuest.SOON.toNanos();
    while (!"completed".equals(there.call(new Commands.QueryMigrate()).status())) {
      assertThat(System.nanoTime()).as("the destination has all").isLessThan(until);
      Thread.onSpinWait();
    }
  }

  private static Steering steering(long bytesPerSecond) {
    return new Steering(
        new MovePolicy(
            Duration.ofMillis(300),
            bytesPerSecond,
            Duration.ofMinutes(3),
            AtDeadline.ABORT,
            true,
            false),
        MoveOptions.PLAIN,
        false);
  }

  private static CompletableFuture<HandOver> handOver(MovingGuest guest, int port) {
    CompletableFuture<HandOver> ended = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            ended.complete(guest.handOver(steering(8 * MIB), port));
          } catch (VirtException | InterruptedException e) {
            ended.completeExceptionally(e);
          }
        });
    return ended;
  }
}
