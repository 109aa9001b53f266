package dev.tern.conductor.disk;

import static dev.tern.conductor.saga.Saga.ifUnknown;
import static dev.tern.conductor.saga.Saga.undo;

import dev.tern.conductor.saga.Saga;

/**
 * What happens when a disk is copied to another file of its host, top to bottom. Above {@code
 * end-copy} the old file is the disk and everything is taken back; {@code end-copy} itself is
 * settled by the agent's own record, so it is asked until it is known.
 */
public final class CopySaga {
  private CopySaga() {}

  /** The story, told by these actors. */
  public static Saga<DiskFacts> of(DiskHost host, CopyWatch watch, DiskOutcome outcome) {
    return Saga.<DiskFacts>tell()
        .onDoubt(outcome::inDoubt)
        .step("start-copy", host::start, undo(host::drop))
        .step("fill", watch::untilReady)
        .step("await-word", watch::untilTold)
        .pivot("end-copy", host::end, ifUnknown(host::end))
        .ends(outcome::takenBack, outcome::done);
  }
}
