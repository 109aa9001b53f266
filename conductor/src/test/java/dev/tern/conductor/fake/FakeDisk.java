package dev.tern.conductor.fake;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.CopyEnd;
import dev.tern.contract.agent.AgentResult.CopyReport;
import dev.tern.contract.agent.AgentResult.CopyState;
import dev.tern.contract.agent.AgentResult.DiskFrozen;
import dev.tern.contract.agent.AgentResult.Nothing;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** One disk of one server with its agent: what is on the host after each question. */
public final class FakeDisk {
  private enum Job {
    NONE,
    RUNNING,
    READY,
    FAILED
  }

  private Job job = Job.NONE;
  private boolean onCopy;
  private boolean file;
  private boolean finished;
  private int looks;

  /** Layers frozen so far. */
  public int layers;

  /** What the image service holds. */
  public boolean imageActive;

  /** The copy is ready at this look. */
  public int readyAt = 3;

  /** Bytes per second it was told last. */
  public long limit;

  /** The target's disk is full. */
  public void breakOff() {
    job = Job.FAILED;
  }

  /** All that is there. */
  public Set<String> things() {
    Set<String> all = new TreeSet<>();
    all.add(onCopy ? "guest on the copy" : "guest on its file");
    if (job != Job.NONE) {
      all.add("mirror");
    }
    if (file && !onCopy) {
      all.add(finished ? "whole copy" : "half a copy");
    }
    if (imageActive) {
      all.add("image");
    }
    return all;
  }

  AgentAnswer answer(AgentRequest request) {
    if (!(request instanceof AgentRequest.OfDisks asked)) {
      throw new IllegalStateException("not part of an operation on a disk: " + request);
    }
    return switch (asked) {
      case AgentRequest.StartCopy _ -> start();
      case AgentRequest.AskCopy _ -> new Done(report());
      case AgentRequest.LimitCopy r -> {
        limit = r.bytesPerSecond();
        yield new Done(new Nothing());
      }
      case AgentRequest.EndCopy r -> end(r.end());
      case AgentRequest.DropCopy r -> drop(r.broken().orElse(false));
      case AgentRequest.RemoveCopy _ -> remove();
      case AgentRequest.UploadCopy _ -> upload();
      case AgentRequest.FreezeDisk _ -> {
        layers = 1;
        yield new Done(new DiskFrozen("a".repeat(64), 1));
      }
      case AgentRequest.DescribeDisks _,
          AgentRequest.DescribeChain _,
          AgentRequest.DigestDisk _,
          AgentRequest.CheckVolume _,
          AgentRequest.AttachVolume _,
          AgentRequest.DetachVolume _,
          AgentRequest.CheckCopy _ ->
          throw new IllegalStateException("not part of a saga");
    };
  }

  private AgentAnswer start() {
    if (job == Job.NONE && !onCopy && !finished) {
      job = Job.RUNNING;
      file = true;
    }
    return new Done(new Nothing());
  }

  private CopyReport report() {
    if (job == Job.RUNNING && ++looks >= readyAt) {
      job = Job.READY;
    }
    CopyState state =
        onCopy
            ? CopyState.PIVOTED
            : finished
                ? CopyState.FINISHED
                : switch (job) {
                  case NONE -> CopyState.ABSENT;
                  case RUNNING -> CopyState.RUNNING;
                  case READY -> CopyState.READY;
                  case FAILED -> CopyState.FAILED;
                };
    return new CopyReport(
        state, 100, Math.min(100, 40L * looks), limit, Optional.of("/copy"), Optional.empty());
  }

  private AgentAnswer end(CopyEnd how) {
    boolean already = how == CopyEnd.PIVOT ? onCopy : finished;
    if (!already) {
      if (job != Job.READY) {
        return refuse("the copy is not ready");
      }
      job = Job.NONE;
      onCopy = how == CopyEnd.PIVOT;
      finished = how == CopyEnd.FINISH;
    }
    return new Done(report());
  }

  private AgentAnswer drop(boolean kept) {
    if (!onCopy && !finished) {
      job = Job.NONE;
      file = file && kept;
    }
    return new Done(new Nothing());
  }

  private AgentAnswer remove() {
    if (finished) {
      finished = false;
      file = false;
    }
    return new Done(new Nothing());
  }

  private AgentAnswer upload() {
    if (!imageActive && !finished) {
      return refuse("there is no whole copy");
    }
    imageActive = true;
    return new Done(new Nothing());
  }

  private static AgentAnswer refuse(String why) {
    return new AgentAnswer.Refused(new Failure(ErrorCode.INSTANCE_INVALID_STATE, why));
  }
}
