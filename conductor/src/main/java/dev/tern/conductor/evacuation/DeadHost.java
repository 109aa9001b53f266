package dev.tern.conductor.evacuation;

import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.AskGuest;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.amqp.Asked;
import java.time.Duration;

/** The host that a server is evacuated from. */
public final class DeadHost {
  private static final Patience A_MOMENT = new Patience(Duration.ofSeconds(1), Duration.ZERO);

  private final Journey journey;

  public DeadHost(Journey journey) {
    this.journey = journey;
  }

  /**
   * Holds when its agent says nothing. A question that was put to it before has run out by then, or
   * come to an agent that would have answered this one too: none is left that could start the guest
   * there.
   */
  EvacuationFacts requireSilent(EvacuationFacts facts) throws StepFailed, InterruptedException {
    HostName host = journey.evacuation().source();
    while (!answers(host)) {
      switch (journey.asking().once(host, new AskGuest(journey.header()))) {
        case Asked.Answered<AgentAnswer> _ -> throw inUse(host);
        case Asked.NoAnswer(String _, Asked.Cause cause) -> {
          switch (cause) {
            case SILENT -> {
              return facts;
            }
            case NOT_UNDERSTOOD -> throw inUse(host);
            case NO_BROKER -> {} // It may talk all the while.
          }
        }
      }
    }
    throw inUse(host);
  }

  /** Waits for a broker that is away. */
  private boolean answers(HostName host) throws StepFailed, InterruptedException {
    try {
      GuestReport _ =
          journey
              .asking()
              .untilDone(host, new AskGuest(journey.header()), GuestReport.class, A_MOMENT);
      return true;
    } catch (StepFailed failed) {
      if (failed.effect() == StepFailed.Effect.ABORTED) {
        throw failed;
      }
      return failed.effect() == StepFailed.Effect.REFUSED;
    }
  }

  private static StepFailed inUse(HostName host) {
    return StepFailed.refused(
        new Failure(
            ErrorCode.HOST_NOT_FENCED,
            "Compute service of %s is still in use: its agent answers, and the server is left to it."
                .formatted(host)));
  }
}
