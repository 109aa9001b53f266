package dev.tern.conductor.volume;

import static dev.tern.conductor.saga.Saga.ifUnknown;

import dev.tern.conductor.saga.Saga;

/**
 * A server loses a volume: it has nothing of it, or has it as before. The host's word settles it.
 */
public final class DetachSaga {
  private DetachSaga() {}

  /** The story, told by these actors. */
  public static Saga<VolumeFacts> of(VolumeHost host, VolumeOutcome outcome) {
    return Saga.<VolumeFacts>tell()
        .onDoubt(outcome::inDoubt)
        .pivot("detach-volume", host::detach, ifUnknown(host::detach))
        .ends(outcome::failed, outcome::detached);
  }
}
