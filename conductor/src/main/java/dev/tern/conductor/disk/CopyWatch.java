package dev.tern.conductor.disk;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.CopyEnd;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.CopyReport;
import dev.tern.contract.agent.AgentResult.CopyState;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.DiskCopyStore.CopyRecord;
import dev.tern.store.DiskCopyStore.CopyStatus;
import dev.tern.store.DiskCopyStore.Seen;
import dev.tern.store.DiskCopyStore.Wish;
import java.time.Duration;
import java.util.Optional;

/**
 * Watches a copy that QEMU makes: what is seen goes into the database, a changed limit goes to the
 * agent. The agent may be away meanwhile.
 */
public final class CopyWatch {
  /** Users see figures that are no older than a second. */
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);

  private static final long NANOS = Duration.ofSeconds(1).toNanos();

  private final DiskWork work;
  private final DiskCopyStore copies;

  public CopyWatch(DiskWork work, DiskCopyStore copies) {
    this.work = work;
    this.copies = copies;
  }

  DiskFacts untilReady(DiskFacts facts) throws StepFailed, InterruptedException {
    watch(facts, report -> report.state() != CopyState.RUNNING);
    return facts;
  }

  /**
   * Until its user said how it is to end; without a deadline, because that is the user's to say.
   */
  DiskFacts untilTold(DiskFacts facts) throws StepFailed, InterruptedException {
    if (facts.end().isPresent()) {
      return facts;
    }
    Optional<CopyEnd> told = told();
    if (told.isEmpty()) {
      // Looked at all the while: a ready copy still follows the guest's writes, and may fail.
      watch(facts, _ -> told().isPresent());
      told = told();
    }
    return facts.decided(told.orElseThrow(() -> new IllegalStateException("a wish went away")));
  }

  private Optional<CopyEnd> told() {
    return copies
        .decide(work.hold().lease(), work.copy().id())
        .flatMap(wish ->
            switch (wish) {
              case PIVOT -> Optional.of(CopyEnd.PIVOT);
              case FINISH -> Optional.of(CopyEnd.FINISH);
              case CANCEL -> Optional.empty();
            });
  }

  private interface Enough {
    boolean is(CopyReport report);
  }

  private void watch(DiskFacts facts, Enough enough) throws StepFailed, InterruptedException {
    Duration heard = work.ticker().now();
    Duration before = heard;
    long copied = -1;
    while (true) {
      work.hold().keep();
      switch (work.asking()
          .once(facts.host(), new AgentRequest.AskCopy(work.header(), work.copy().id()))) {
        case Asked.Answered(AgentAnswer.Done(AgentResult result)) -> {
          CopyReport report = alive(result);
          Duration now = work.ticker().now();
          long rate = copied < 0 ? 0 : rate(report.copiedBytes() - copied, now.minus(before));
          write(report, rate);
          if (enough.is(report)) {
            return;
          }
          limit(facts, report);
          copied = report.copiedBytes();
          before = now;
          heard = now;
        }
        case Asked.Answered(AgentAnswer.Working _) -> heard = work.ticker().now();
        case Asked.Answered(AgentAnswer.Refused(Failure failure)) -> {
          if (!work.asking().brokenOff(failure)) {
            throw StepFailed.refused(failure);
          }
        }
        case Asked.NoAnswer(String reason, _) -> {
          if (work.ticker().now().minus(heard).compareTo(work.silenceWhileCopying()) > 0) {
            throw StepFailed.noAnswer(
                new Failure(
                    ErrorCode.AGENT_NO_ANSWER,
                    "Compute service of %s is unavailable at this time: %s"
                        .formatted(facts.host(), reason)));
          }
        }
      }
      work.pause().of(LOOK_EVERY);
    }
  }

  private static CopyReport alive(AgentResult result) throws StepFailed {
    if (!(result instanceof CopyReport report)) {
      throw StepFailed.refused(
          new Failure(ErrorCode.UNEXPECTED, "The agent answered something else."));
    }
    return switch (report.state()) {
      case RUNNING, READY, PIVOTED, FINISHED -> report;
      case FAILED, ABSENT ->
          throw StepFailed.refused(
              new Failure(
                  ErrorCode.HYPERVISOR_FAILED,
                  "The copy failed: %s".formatted(report.error().orElse("its QEMU ended"))));
    };
  }

  private static long rate(long bytes, Duration in) {
    return bytes <= 0 || in.isZero() ? 0 : (long) ((double) bytes * NANOS / in.toNanos());
  }

  private void write(CopyReport report, long rate) {
    CopyStatus status = report.state() == CopyState.RUNNING ? CopyStatus.COPYING : CopyStatus.READY;
    copies.progress(
        work.hold().lease(),
        work.copy().id(),
        new Seen(status, report.totalBytes(), report.copiedBytes(), rate, report.file()));
  }

  private void limit(DiskFacts facts, CopyReport report) throws StepFailed, InterruptedException {
    long wanted =
        copies
            .find(work.copy().id())
            .filter(copy -> copy.wish().filter(wish -> wish == Wish.CANCEL).isEmpty())
            .map(CopyRecord::bytesPerSecond)
            .orElseGet(report::limit);
    if (wanted != report.limit()) {
      work.asking()
          .untilDone(
              facts.host(),
              new AgentRequest.LimitCopy(work.header(), work.copy().id(), wanted),
              Nothing.class,
              work.forStarting());
    }
  }
}
