package dev.tern.conductor.migration;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.ConsoleWanted;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SealedConsole;
import java.util.Optional;
import org.slf4j.event.Level;

/**
 * What the guest said before it moved, carried after it: from the source, which has said its last,
 * to the destination, which alone can open it. A log is worth no migration that does not end: what
 * a host refuses, or the destination does not take in time, stays behind.
 */
public final class Console {
  /** Another agent at the destination knows nothing of the half that the one before it told. */
  private static final int TRIES = 3;

  private final Journey journey;

  public Console(Journey journey) {
    this.journey = journey;
  }

  /**
   * Ends with the log at the destination, or left behind with a warning that says why, or with a
   * source that was fenced.
   *
   * @throws StepFailed when the source does not answer: its log is still there, and it has to be
   *     waited for anyway
   */
  MigrationFacts move(MigrationFacts facts) throws StepFailed, InterruptedException {
    return journey.unlessFenced(journey.source(), facts, this::carry);
  }

  private MigrationFacts carry(MigrationFacts facts) throws StepFailed, InterruptedException {
    HostName to = facts.destination().host();
    for (int tried = 1; tried <= TRIES; tried++) {
      Optional<ConsoleWanted> wanted =
          ask(to, new AgentRequest.WantConsole(journey.header()), ConsoleWanted.class);
      if (wanted.isEmpty()) {
        return facts;
      }
      Optional<SealedConsole> sealed =
          ask(
              journey.source(),
              new AgentRequest.SealConsole(journey.header(), wanted.get().publicHalf()),
              SealedConsole.class);
      if (sealed.isEmpty()
          || ask(to, new AgentRequest.KeepConsole(journey.header(), sealed.get()), Nothing.class)
              .isPresent()) {
        return facts;
      }
    }
    return facts;
  }

  /** Empty when it did not come about, which is told in the log. */
  private <R extends AgentResult> Optional<R> ask(
      HostName host, AgentRequest request, Class<R> result)
      throws StepFailed, InterruptedException {
    try {
      return Optional.of(journey.asking().untilDone(host, request, result, journey.forCheck()));
    } catch (StepFailed failed) {
      boolean silent = failed.effect() == StepFailed.Effect.NO_ANSWER;
      if (failed.effect() == StepFailed.Effect.ABORTED
          || (silent && host.equals(journey.source()))) {
        throw failed;
      }
      journey
          .log()
          .at(Level.WARN)
          .addKeyValue("host", host)
          .addKeyValue("reason", failed.failure().message())
          .log("a console log was not moved");
      return Optional.empty();
    }
  }
}
