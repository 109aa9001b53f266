package dev.tern.conductor.asking;

import dev.tern.conductor.saga.Backoff;
import dev.tern.conductor.saga.Hold;
import dev.tern.conductor.saga.StepFailed;
import dev.tern.conductor.saga.Ticker;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerAnswer.Choice;
import dev.tern.contract.scheduler.SchedulerAnswer.Planned;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import java.time.Duration;

/**
 * Asks on behalf of one running saga: again and again, because a request names the state to reach
 * and asking twice is one effect. Keeps the lease meanwhile, and sees an abort.
 */
public final class Asking {
  /** A busy agent holds a question for up to a second before it says that it works. */
  public static final Duration ONCE = Duration.ofSeconds(2);

  private final Agents agents;
  private final Schedulers schedulers;
  private final Hold hold;
  private final Backoff again;
  private final Ticker ticker;

  /**
   * An asker of one saga.
   *
   * @param again between two questions for the same
   */
  public Asking(Agents agents, Schedulers schedulers, Hold hold, Backoff again, Ticker ticker) {
    this.agents = agents;
    this.schedulers = schedulers;
    this.hold = hold;
    this.again = again;
    this.ticker = ticker;
  }

  /** Asks once. */
  public Asked<AgentAnswer> once(HostName host, AgentRequest request) throws InterruptedException {
    return agents.ask(host, request, ONCE);
  }

  /**
   * Asks until it is done.
   *
   * @throws StepFailed refused; or no answer, when the agent was silent for too long; or aborted,
   *     where the step can be. A broker that is away only delays
   */
  public <R extends AgentResult> R untilDone(
      HostName host, AgentRequest request, Class<R> result, Patience patience)
      throws StepFailed, InterruptedException {
    return untilDone(host, request, result, patience, () -> {});
  }

  /** Something to look after between two questions. */
  @FunctionalInterface
  public interface Meanwhile {
    void look() throws InterruptedException;
  }

  /**
   * Asks until it is done, and looks after something else meanwhile.
   *
   * @throws StepFailed as above
   */
  public <R extends AgentResult> R untilDone(
      HostName host, AgentRequest request, Class<R> result, Patience patience, Meanwhile meanwhile)
      throws StepFailed, InterruptedException {
    Duration begun = ticker.now();
    Duration heard = begun;
    Backoff.Series rests = again.series();
    while (true) {
      hold.keep();
      Duration asked = ticker.now();
      switch (once(host, request)) {
        case Asked.Answered(AgentAnswer.Done(AgentResult learned)) -> {
          return as(result, host, learned);
        }
        case Asked.Answered(AgentAnswer.Refused(Failure failure)) -> {
          if (!brokenOff(failure) || tooLong(heard, patience)) {
            throw StepFailed.refused(failure);
          }
        }
        case Asked.Answered(AgentAnswer.Working(String what)) -> {
          heard = ticker.now();
          if (heard.minus(begun).compareTo(patience.work()) > 0) {
            throw StepFailed.noAnswer(tooLong(host, what, patience.work()));
          }
          meanwhile.look();
        }
        case Asked.NoAnswer(String reason, Asked.Cause cause) -> {
          if (cause == Asked.Cause.NO_BROKER) {
            heard = ticker.now(); // the agent may have talked all the while
          } else if (tooLong(heard, patience)) {
            throw StepFailed.noAnswer(silent(host, reason));
          }
        }
      }
      rests.restAfter(ticker.now().minus(asked));
    }
  }

  private boolean tooLong(Duration heard, Patience patience) {
    return ticker.now().minus(heard).compareTo(patience.silence()) >= 0;
  }

  /** An agent that ends breaks its work off; the next one on that host takes it up when asked. */
  public boolean brokenOff(Failure failure) {
    return failure.code() == ErrorCode.MIGRATION_CANCELLED && !hold.abortAsked();
  }

  /**
   * Asks the schedulers for a host until one answers.
   *
   * @throws StepFailed no answer, when none did for {@code silence}; aborted
   */
  public Choice select(SelectHost request, Duration silence)
      throws StepFailed, InterruptedException {
    return as(Choice.class, scheduler(request, silence));
  }

  /**
   * Asks the schedulers where servers would go until one answers; nothing is claimed by it.
   *
   * @throws StepFailed no answer, when none did for {@code silence}; refused, when they are too
   *     many for one question; aborted
   */
  public Planned plan(PlanHosts request, Duration silence) throws StepFailed, InterruptedException {
    return as(Planned.class, scheduler(request, silence));
  }

  private static <A> A as(Class<A> expected, SchedulerAnswer answer) throws StepFailed {
    if (expected.isInstance(answer)) {
      return expected.cast(answer);
    }
    throw StepFailed.refused(
        answer instanceof SchedulerAnswer.NotAnswered(Failure why)
            ? why
            : new Failure(
                ErrorCode.UNEXPECTED,
                "A scheduler answered %s where %s was asked for."
                    .formatted(answer.getClass().getSimpleName(), expected.getSimpleName())));
  }

  private SchedulerAnswer scheduler(SchedulerRequest request, Duration silence)
      throws StepFailed, InterruptedException {
    Duration begun = ticker.now();
    Backoff.Series rests = again.series();
    while (true) {
      hold.keep();
      switch (schedulers.ask(request, ONCE)) {
        case Asked.Answered(SchedulerAnswer answer) -> {
          return answer;
        }
        case Asked.NoAnswer(String reason, Asked.Cause cause) -> {
          if (cause == Asked.Cause.NO_BROKER) {
            begun = ticker.now();
          } else if (ticker.now().minus(begun).compareTo(silence) >= 0) {
            throw StepFailed.noAnswer(
                new Failure(
                    ErrorCode.SCHEDULER_NO_ANSWER, "No scheduler answers: %s".formatted(reason)));
          }
        }
      }
      rests.rest();
    }
  }

  private static <R extends AgentResult> R as(Class<R> result, HostName host, AgentResult learned)
      throws StepFailed {
    if (!result.isInstance(learned)) {
      throw StepFailed.refused(
          new Failure(
              ErrorCode.UNEXPECTED,
              "Host %s answered %s where %s was asked for."
                  .formatted(host, learned.getClass().getSimpleName(), result.getSimpleName())));
    }
    return result.cast(learned);
  }

  private static Failure tooLong(HostName host, String what, Duration work) {
    return new Failure(
        ErrorCode.AGENT_NO_ANSWER,
        "Host %s was still at it (%s) after %d s.".formatted(host, what, work.toSeconds()));
  }

  /** Nova's words, and why. */
  private static Failure silent(HostName host, String reason) {
    return new Failure(
        ErrorCode.AGENT_NO_ANSWER,
        "Compute service of %s is unavailable at this time: %s".formatted(host, reason));
  }
}
