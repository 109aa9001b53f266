package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentAnswer.Refused;
import dev.tern.contract.agent.AgentAnswer.Working;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Work that may take longer than a question. The first request starts it, each that follows waits a
 * little and learns how it stands. The result is told once; asked again, the work looks anew at
 * what is there, which is why it must be repeatable.
 *
 * <p>One job at a time for each server and lane, so that no two pieces of work change one server.
 */
final class Jobs {
  private static final Logger log = LoggerFactory.getLogger(Jobs.class);

  /** Cancelling goes beside what it cancels. */
  enum Lane {
    WORK,
    CANCEL
  }

  /** Something to do; what it throws is the refusal. */
  @FunctionalInterface
  interface Work {
    AgentResult run() throws Exception;
  }

  private record Slot(ServerId server, Lane lane) {}

  private static final int END_LOOKS = 30;
  private static final Duration END_LOOK = Duration.ofSeconds(1);

  private final Map<Slot, Job> jobs = new ConcurrentHashMap<>();
  private final Duration patience;
  private final Waiting waiting;

  /**
   * @param patience how long a question is held before the answer is {@link Working}
   */
  Jobs(Duration patience, Waiting waiting) {
    this.patience = patience;
    this.waiting = waiting;
  }

  /** Waits for something as long as a question is held; empty when the time is over. */
  <T> Optional<T> hold(CompletableFuture<T> result) throws InterruptedException {
    return waiting.forResult(result, patience);
  }

  /** Starts the work, or finds it started, and waits for its end a little. */
  AgentAnswer ask(AgentRequest request, Lane lane, Work work) throws InterruptedException {
    Slot slot = new Slot(request.header().server(), lane);
    Job job =
        jobs.compute(
            slot,
            (_, there) ->
                there == null || (there.ended() && !there.request.equals(request))
                    ? new Job(request, work, waiting)
                    : there);
    AgentAnswer answer = job.await(patience);
    if (!job.request.equals(request)) {
      return new Working("waits for " + job.what());
    }
    if (answer == null) {
      return new Working(job.what());
    }
    jobs.remove(slot, job);
    return answer;
  }

  /** The job of that kind that runs for the server now. */
  Optional<Job> running(ServerId server, Class<? extends AgentRequest> kind) {
    return jobs.entrySet().stream()
        .filter(entry -> entry.getKey().server().equals(server))
        .map(Map.Entry::getValue)
        .filter(job -> kind.isInstance(job.request) && !job.ended())
        .findFirst();
  }

  /** Whether any job runs for the server now. */
  boolean busy(ServerId server) {
    return jobs.entrySet().stream()
        .anyMatch(entry -> entry.getKey().server().equals(server) && !entry.getValue().ended());
  }

  /** One piece of work on its own virtual thread. */
  static final class Job {
    private final AgentRequest request;
    private final CompletableFuture<AgentAnswer> answer = new CompletableFuture<>();
    private final Thread thread;
    private final Waiting waiting;
    private volatile @Nullable String waitsFor;

    private Job(AgentRequest request, Work work, Waiting waiting) {
      this.request = request;
      this.waiting = waiting;
      this.thread =
          Thread.ofVirtual()
              .name(what() + " " + request.header().server())
              .unstarted(() -> run(work));
      thread.start();
    }

    private void run(Work work) {
      log(request, "step started");
      try {
        AgentResult result = work.run();
        log(request, "step finished");
        answer.complete(new Done(result));
      } catch (Exception e) {
        refuse(e);
      } catch (Error e) {
        refuse(new ComputeException(dev.tern.contract.ErrorCode.UNEXPECTED, e.toString(), e));
        throw e;
      }
    }

    private void refuse(Exception e) {
      log.atWarn()
          .addKeyValue("step", what())
          .addKeyValue("server", request.header().server())
          .addKeyValue("request", request.header().request())
          .addKeyValue("epoch", request.header().epoch())
          .setCause(e)
          .log("step refused");
      answer.complete(new Refused(Refusals.failure(e)));
    }

    private static void log(AgentRequest request, String message) {
      log.atInfo()
          .addKeyValue("step", request.getClass().getSimpleName())
          .addKeyValue("server", request.header().server())
          .addKeyValue("request", request.header().request())
          .addKeyValue("epoch", request.header().epoch())
          .log(message);
    }

    /** Interrupts the work until it has ended, or a while has passed. */
    void endNow() throws InterruptedException {
      for (int looks = 0; looks < END_LOOKS && !ended(); looks++) {
        interrupt();
        await(END_LOOK);
      }
    }

    String what() {
      String reason = waitsFor;
      return reason == null ? request.getClass().getSimpleName() : reason;
    }

    /** Tells whoever asks why it takes so long. */
    void say(String reason) {
      waitsFor = reason;
    }

    boolean ended() {
      return answer.isDone();
    }

    void interrupt() {
      thread.interrupt();
    }

    /** The answer, or null when the time is over. */
    @Nullable AgentAnswer await(Duration time) throws InterruptedException {
      return waiting.forResult(answer, time).orElse(null);
    }
  }
}
