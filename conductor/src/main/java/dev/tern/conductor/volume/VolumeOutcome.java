package dev.tern.conductor.volume;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.store.VolumeStore;
import org.slf4j.event.Level;

/** What the database says of a volume when an operation on it ends. */
public final class VolumeOutcome {
  private final VolumeWork work;
  private final VolumeStore volumes;

  public VolumeOutcome(VolumeWork work, VolumeStore volumes) {
    this.work = work;
    this.volumes = volumes;
  }

  void attached(VolumeFacts facts) {
    volumes.attached(
        work.hold().lease(),
        work.volume().id(),
        facts.bytes().orElseThrow(() -> new IllegalStateException("a volume without a size")));
    say(Level.INFO, "volume attached");
  }

  void detached(VolumeFacts facts) {
    volumes.detached(work.hold().lease(), work.volume().id());
    say(Level.INFO, "volume detached");
  }

  /** The server is as before. */
  void failed(VolumeFacts facts) {
    Failure failure =
        facts.failure().orElseGet(() -> new Failure(ErrorCode.UNEXPECTED, "The operation failed."));
    volumes.failed(work.hold().lease(), work.volume().id(), failure);
    work.log()
        .at(Level.WARN)
        .addKeyValue("volume", work.volume().id())
        .addKeyValue("code", failure.code())
        .addKeyValue("reason", failure.message())
        .log("volume operation refused");
  }

  void inDoubt(boolean inDoubt, String why) {
    if (inDoubt) {
      work.log()
          .at(Level.WARN)
          .addKeyValue("volume", work.volume().id())
          .addKeyValue("reason", why)
          .log("nobody can say whether the guest has the volume; the host is asked on");
    }
  }

  private void say(Level level, String what) {
    work.log().at(level).addKeyValue("volume", work.volume().id()).log(what);
  }
}
