package dev.tern.conductor.disk;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.TaskState;
import dev.tern.contract.agent.AgentRequest.CopyEnd;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.DiskCopyStore.CopyStatus;
import java.util.Optional;
import org.slf4j.event.Level;

/** What the database says of an operation on a disk, as it goes on and when it ends. */
public final class DiskOutcome {
  private final DiskWork work;
  private final DiskCopyStore copies;

  public DiskOutcome(DiskWork work, DiskCopyStore copies) {
    this.work = work;
    this.copies = copies;
  }

  DiskFacts pendingUpload(DiskFacts facts) {
    copies.task(work.hold().lease(), work.copy().id(), TaskState.IMAGE_PENDING_UPLOAD);
    return facts;
  }

  DiskFacts uploading(DiskFacts facts) {
    copies.task(work.hold().lease(), work.copy().id(), TaskState.IMAGE_UPLOADING);
    return facts;
  }

  void done(DiskFacts facts) {
    CopyStatus status =
        facts.end().filter(end -> end == CopyEnd.PIVOT).isPresent()
            ? CopyStatus.PIVOTED
            : CopyStatus.FINISHED;
    copies.ended(work.hold().lease(), work.copy().id(), status, facts.layer(), Optional.empty());
    work.log().at(Level.INFO).addKeyValue("disk", disk()).log("disk operation done");
  }

  /** The guest and its disk are as before. */
  void takenBack(DiskFacts facts) {
    Failure failure =
        facts.failure().orElseGet(() -> new Failure(ErrorCode.UNEXPECTED, "The operation failed."));
    CopyStatus status =
        failure.code() == ErrorCode.MIGRATION_CANCELLED ? CopyStatus.CANCELLED : CopyStatus.FAILED;
    copies.ended(
        work.hold().lease(), work.copy().id(), status, Optional.empty(), Optional.of(failure));
    work.log()
        .at(status == CopyStatus.CANCELLED ? Level.INFO : Level.WARN)
        .addKeyValue("disk", disk())
        .addKeyValue("code", failure.code())
        .addKeyValue("reason", failure.message())
        .log("disk operation taken back");
  }

  void inDoubt(boolean inDoubt, String why) {
    if (inDoubt) {
      work.log()
          .at(Level.WARN)
          .addKeyValue("disk", disk())
          .addKeyValue("reason", why)
          .log("nobody can say which file the disk is; the host is asked on");
    }
  }

  private String disk() {
    return work.copy().order().disk();
  }
}
