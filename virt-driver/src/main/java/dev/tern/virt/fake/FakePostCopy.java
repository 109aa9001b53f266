package dev.tern.virt.fake;

import dev.tern.virt.Guest.MissingMemory;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.VirtException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A simulated guest that runs at its destination before all its memory is there:
 *
 * <pre>
 *   DEVICE ── POSTCOPY ── COMPLETED
 *               │   ▲
 *               ▼   │ the destination listens again, and the source comes again
 *         POSTCOPY_PAUSED
 * </pre>
 *
 * <p>Each side's QEMU waits for ever when its driver does nothing.
 */
final class FakePostCopy {
  /** Looks by the source's driver without progress before it gives up. */
  private static final int PATIENCE = 150;

  private FakePostCopy() {}

  /** The destination is sent the guest's devices; the rest follows. */
  static void begin(FakeProcess process, FakeProcess to) {
    process.stage = FakeStream.Stage.POSTCOPY;
    process.state = RunState.FINISH_MIGRATE;
    to.memoryFrom = process;
  }

  /** The rest of the memory. */
  static void send(FakeWorld world, Path from, FakeProcess process, FakeProcess to) {
    world
        .course()
        .byItself(from, "sends the rest of the memory", () -> sent(world, from, process, to));
  }

  private static void sent(FakeWorld world, Path from, FakeProcess process, FakeProcess to) {
    if (!process.alive() || process.stage != FakeStream.Stage.POSTCOPY) {
      return;
    }
    if (!world.reaches(from, to)) {
      broke(process, to);
      return;
    }
    to.memoryFrom = null;
    process.state = RunState.POSTMIGRATE;
    process.stage = FakeStream.Stage.COMPLETED;
    process.sendsTo = null;
    process.ended.complete(true);
  }

  static void broke(FakeProcess process, FakeProcess to) {
    process.stage = FakeStream.Stage.POSTCOPY_PAUSED;
    to.listensAgain = false;
  }

  /** The source's driver: returns when all is sent, or when it has tried for long enough. */
  static void send(FakeWorld world, Path from, FakeProcess process)
      throws VirtException, InterruptedException {
    for (int look = 0; look < PATIENCE && process.alive(); look++) {
      FakeProcess to = process.sendsTo;
      switch (process.stage) {
        case POSTCOPY_PAUSED -> {
          if (to != null && to.listensAgain && world.reaches(from, to)) {
            process.stage = FakeStream.Stage.POSTCOPY;
            send(world, from, process, to);
          }
        }
        case DEVICE, POSTCOPY -> {}
        case NONE, ACTIVE, PRE_SWITCHOVER, COMPLETED, FAILED, CANCELLED -> {
          return;
        }
      }
      world.course().waits(from, "looks after the rest");
    }
  }

  /** The destination's driver: listens again whenever the link broke, until all is there. */
  static void receive(FakeWorld world, Path at, FakeProcess process, BooleanSupplier closed)
      throws VirtException, InterruptedException {
    FakeProcess source = process.memoryFrom;
    while (source != null && source.alive() && process.alive() && !closed.getAsBoolean()) {
      process.listensAgain |= source.stage == FakeStream.Stage.POSTCOPY_PAUSED;
      world.course().waits(at, "receives the rest");
      source = process.memoryFrom;
    }
  }

  /** A guest stands at the first page that it has not. */
  static boolean stands(FakeProcess process) {
    FakeProcess source = process.memoryFrom;
    return source != null && (!source.alive() || source.stage == FakeStream.Stage.POSTCOPY_PAUSED);
  }

  static MissingMemory missing(FakeProcess process) {
    return stands(process)
        ? MissingMemory.CUT_OFF
        : process.memoryFrom == null ? MissingMemory.NONE : MissingMemory.COMING;
  }

  /** Whether a guest that lives elsewhere needs what only this QEMU has. */
  static boolean isNeeded(@Nullable FakeProcess to, FakeProcess process) {
    return to != null && to.alive() && process.equals(to.memoryFrom);
  }
}
