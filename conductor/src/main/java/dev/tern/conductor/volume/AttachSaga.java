package dev.tern.conductor.volume;

import static dev.tern.conductor.saga.Saga.ifUnknown;

import dev.tern.conductor.saga.Saga;

/** A server gets a volume: it has it, or nothing of it. The host's word settles it. */
public final class AttachSaga {
  private AttachSaga() {}

  /** The story, told by these actors. */
  public static Saga<VolumeFacts> of(VolumeHost host, VolumeOutcome outcome) {
    return Saga.<VolumeFacts>tell()
        .onDoubt(outcome::inDoubt)
        .pivot("attach-volume", host::attach, ifUnknown(host::attach))
        .ends(outcome::failed, outcome::attached);
  }
}
