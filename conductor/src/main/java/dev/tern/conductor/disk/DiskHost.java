package dev.tern.conductor.disk;

import dev.tern.conductor.saga.HandOver;
import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.CopyEnd;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.CopyReport;
import dev.tern.contract.agent.AgentResult.DiskFrozen;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.amqp.Asked;
import java.util.Optional;
import java.util.UUID;

/** The host of the server whose disk it is. */
public final class DiskHost {
  private final DiskWork work;

  public DiskHost(DiskWork work) {
    this.work = work;
  }

  private UUID copy() {
    return work.copy().id();
  }

  DiskFacts start(DiskFacts facts) throws StepFailed, InterruptedException {
    work.asking()
        .untilDone(
            facts.host(),
            new AgentRequest.StartCopy(work.header(), work.copy().order()),
            Nothing.class,
            work.forStarting());
    return facts;
  }

  /** Nothing of a copy is left that was not ended, unless it can be gone on with and broke. */
  DiskFacts drop(DiskFacts facts) throws StepFailed, InterruptedException {
    boolean broken =
        facts.failure().filter(why -> why.code() != ErrorCode.MIGRATION_CANCELLED).isPresent();
    Optional<Boolean> kept =
        work.copy().order().resumable() ? Optional.of(broken) : Optional.empty();
    repeat(facts.host(), new AgentRequest.DropCopy(work.header(), copy(), kept));
    return facts;
  }

  /** Nothing of a copy is left, ended or not. */
  DiskFacts discard(DiskFacts facts) throws StepFailed, InterruptedException {
    return remove(drop(facts));
  }

  DiskFacts remove(DiskFacts facts) throws StepFailed, InterruptedException {
    repeat(facts.host(), new AgentRequest.RemoveCopy(work.header(), copy()));
    return facts;
  }

  private void repeat(HostName host, AgentRequest request) throws StepFailed, InterruptedException {
    try {
      work.asking().untilDone(host, request, Nothing.class, work.forRepeating());
    } catch (StepFailed failed) {
      // Nothing of the server is there: nor is a copy.
      if (failed.failure().code() != ErrorCode.GUEST_ABSENT) {
        throw failed;
      }
    }
  }

  /** A point in time; the guest stays where it is. */
  DiskFacts finish(DiskFacts facts) throws StepFailed, InterruptedException {
    work.asking()
        .untilDone(
            facts.host(),
            new AgentRequest.EndCopy(work.header(), copy(), CopyEnd.FINISH),
            CopyReport.class,
            work.forStarting());
    return facts;
  }

  DiskFacts upload(DiskFacts facts) throws StepFailed, InterruptedException {
    work.asking()
        .untilDone(
            facts.host(),
            new AgentRequest.UploadCopy(
                work.header(),
                copy(),
                work.copy()
                    .image()
                    .orElseThrow(() -> new IllegalStateException("an upload without an image"))),
            Nothing.class,
            work.forStarting());
    return facts;
  }

  /** The guest moves onto the copy, or stays and the copy is done. Asking again is one end. */
  HandOver<DiskFacts> end(DiskFacts facts) throws InterruptedException {
    AgentRequest request = new AgentRequest.EndCopy(work.header(), copy(), facts.wanted());
    return switch (work.asking().once(facts.host(), request)) {
      case Asked.Answered(AgentAnswer.Done _) -> new HandOver.Moved<>(facts);
      case Asked.Answered(AgentAnswer.Working _) -> new HandOver.NotYet<>(facts);
      case Asked.Answered(AgentAnswer.Refused(Failure failure)) -> refused(facts, failure);
      case Asked.NoAnswer(String reason, _) ->
          new HandOver.Unknown<>(facts, "its host is silent: " + reason);
    };
  }

  // A refusal says that nothing was done for this question, not that nothing was done before.
  private HandOver<DiskFacts> refused(DiskFacts facts, Failure failure)
      throws InterruptedException {
    if (work.asking().brokenOff(failure)) {
      return new HandOver.NotYet<>(facts);
    }
    return switch (work.asking()
        .once(facts.host(), new AgentRequest.AskCopy(work.header(), copy()))) {
      case Asked.Answered(AgentAnswer.Done(CopyReport report)) ->
          switch (report.state()) {
            case PIVOTED, FINISHED -> new HandOver.Moved<>(facts);
            case RUNNING, READY, FAILED, ABSENT -> new HandOver.Stayed<>(facts, failure);
          };
      case Asked.Answered(AgentAnswer.Refused _) -> new HandOver.Stayed<>(facts, failure);
      case Asked.Answered(AgentAnswer.Done _) -> new HandOver.Unknown<>(facts, failure.message());
      case Asked.Answered(AgentAnswer.Working _) -> new HandOver.NotYet<>(facts);
      case Asked.NoAnswer(String reason, _) ->
          new HandOver.Unknown<>(facts, "its host is silent: " + reason);
    };
  }

  /** What the disk holds is a layer, and the guest writes above it. */
  HandOver<DiskFacts> freeze(DiskFacts facts) throws InterruptedException {
    AgentRequest request =
        new AgentRequest.FreezeDisk(work.header(), work.copy().order().disk(), copy());
    return switch (work.asking().once(facts.host(), request)) {
      case Asked.Answered(AgentAnswer.Done(AgentResult result)) ->
          result instanceof DiskFrozen frozen
              ? new HandOver.Moved<>(facts.froze(frozen.sha256()))
              : new HandOver.Unknown<>(facts, "its host answered something else");
      case Asked.Answered(AgentAnswer.Working _) -> new HandOver.NotYet<>(facts);
      case Asked.Answered(AgentAnswer.Refused(Failure failure)) ->
          work.asking().brokenOff(failure)
              ? new HandOver.NotYet<>(facts)
              : new HandOver.Stayed<>(facts, failure);
      case Asked.NoAnswer(String reason, _) ->
          new HandOver.Unknown<>(facts, "its host is silent: " + reason);
    };
  }
}
