package dev.tern.virt.fake;

import dev.tern.virt.Guest.RunState;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The memory stream of a simulated QEMU that leaves, as QEMU itself drives it, whoever looks on:
 *
 * <pre>
 *   NONE ── ACTIVE ── PRE_SWITCHOVER ── DEVICE ── COMPLETED
 *              └────────────┴──────────────┴───── FAILED, CANCELLED
 *                                          or see {@link FakePostCopy}
 * </pre>
 *
 * <p>A QEMU whose migration fails runs its guest again by itself, also when it had been let go.
 */
final class FakeStream {
  private FakeStream() {}

  enum Stage {
    NONE,
    ACTIVE,
    PRE_SWITCHOVER,
    DEVICE,
    POSTCOPY,
    POSTCOPY_PAUSED,
    COMPLETED,
    FAILED,
    CANCELLED;

    boolean underWay() {
      return this == ACTIVE || this == PRE_SWITCHOVER || this == DEVICE;
    }
  }

  /** {@code migrate-continue}: from here on QEMU goes on alone. */
  static void letGo(FakeWorld world, Path from, FakeProcess process, FakeProcess to) {
    process.stage = Stage.DEVICE;
    world.course().byItself(from, "sends the devices", () -> sendAll(world, from, process, to));
  }

  private static void sendAll(FakeWorld world, Path from, FakeProcess process, FakeProcess to) {
    if (!process.alive() || process.stage != Stage.DEVICE) {
      return;
    }
    if (to.alive() && (!world.reaches(from, to) || to.state != RunState.INCOMING)) {
      fail(world, process);
      return;
    }
    if (!to.alive()) {
      // Measured: what is in the socket's buffer counts as sent.
      end(world, from, process, to);
      return;
    }
    to.loads = true;
    to.arriving = process.written;
    if (process.postCopy) {
      FakePostCopy.begin(process, to);
    }
    Optional<Path> there = world.directoryOf(to);
    world.course().byItself(there.orElse(from), "loads the guest", () -> load(to));
    if (process.postCopy) {
      FakePostCopy.send(world, from, process, to);
      return;
    }
    world.course().byItself(from, "ends its stream", () -> end(world, from, process, to));
  }

  private static void load(FakeProcess to) {
    if (to.alive() && to.state == RunState.INCOMING) {
      to.written = Math.min(to.disksWritten, to.arriving);
      to.hasAll = true;
      to.state = RunState.PAUSED;
      to.arrived.complete(true);
    }
  }

  /**
   * Behind the last byte that the destination needs there is a description of the stream, unless
   * both sides were told to leave it out. A destination that does not read it may have closed while
   * it is written.
   */
  private static void end(FakeWorld world, Path from, FakeProcess process, FakeProcess to) {
    if (!process.alive() || process.stage != Stage.DEVICE) {
      return;
    }
    if (process.returnPath) {
      awaitLastWord(world, from, process, to);
      return;
    }
    boolean describes = !process.suppressVmdesc && to.alive();
    if (describes && (to.suppressVmdesc || !world.reaches(from, to))) {
      fail(world, process);
      return;
    }
    complete(process);
  }

  /** Measured: it comes when the guest is loaded, and what comes instead is a failed migration. */
  private static void awaitLastWord(
      FakeWorld world, Path from, FakeProcess process, FakeProcess to) {
    var _ =
        CompletableFuture.anyOf(to.arrived, to.gone())
            .whenComplete((_, _) ->
                world
                    .course()
                    .byItself(
                        from,
                        "hears its peer's last word",
                        () -> {
                          if (!process.alive() || process.stage != Stage.DEVICE) {
                            return;
                          }
                          if (to.hasAll && world.reaches(from, to)) {
                            complete(process);
                          } else {
                            fail(world, process);
                          }
                        }));
  }

  private static void complete(FakeProcess process) {
    process.state = RunState.POSTMIGRATE;
    process.stage = Stage.COMPLETED;
    process.sendsTo = null;
    process.ended.complete(true);
  }

  /** QEMU calls its migration failed, and runs the guest when it ran before. */
  private static void fail(FakeWorld world, FakeProcess process) {
    Stage was = process.stage;
    process.stage = Stage.FAILED;
    process.sendsTo = null;
    if (process.ranBefore && was == Stage.DEVICE) {
      process.state = RunState.RUNNING;
      world.runs(process);
    }
    process.ended.complete(true);
  }

  /** The connection ends before its time. */
  static void broke(FakeWorld world, FakeProcess process, FakeProcess to) {
    switch (process.stage) {
      // In the pause before the switch nothing is sent: QEMU notices when it goes on.
      case NONE, PRE_SWITCHOVER, COMPLETED, FAILED, CANCELLED, POSTCOPY_PAUSED -> {}
      case POSTCOPY -> FakePostCopy.broke(process, to);
      case ACTIVE -> fail(world, process);
      case DEVICE -> {
        if (!to.loads || !process.suppressVmdesc || process.returnPath) {
          fail(world, process);
        }
      }
    }
    if (!to.loads) {
      to.die(); // a receiver ends with its stream
    }
  }

  /** {@code migrate_cancel}: in the pause before the switch QEMU runs the guest by itself. */
  static void cancel(FakeWorld world, FakeProcess process) {
    boolean paused = process.stage == Stage.PRE_SWITCHOVER;
    if (!process.stage.underWay()) {
      return;
    }
    FakeProcess to = process.sendsTo;
    process.stage = Stage.CANCELLED;
    process.sendsTo = null;
    if (paused && process.ranBefore) {
      process.state = RunState.RUNNING;
      world.runs(process);
    }
    process.ended.complete(true);
    if (to != null && !to.loads) {
      to.die();
    }
  }
}
