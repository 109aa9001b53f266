package dev.tern.conductor.disk;

import static dev.tern.conductor.saga.Saga.ifUnknown;

import dev.tern.conductor.saga.Saga;

/** What a disk holds becomes an immutable layer below an empty one. One step, wholly or not. */
public final class SnapshotSaga {
  private SnapshotSaga() {}

  /** The story, told by these actors. */
  public static Saga<DiskFacts> of(DiskHost host, DiskOutcome outcome) {
    return Saga.<DiskFacts>tell()
        .onDoubt(outcome::inDoubt)
        .pivot("freeze", host::freeze, ifUnknown(host::freeze))
        .ends(outcome::takenBack, outcome::done);
  }
}
