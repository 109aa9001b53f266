package dev.tern.conductor.migration;

import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import java.util.Optional;

/**
 * What a destination keeps for a migration before anything is moved: the file it leaves while it is
 * checked, for the source to see or not to see, then the room it has reserved.
 */
final class Probe {
  private final Journey journey;

  Probe(Journey journey) {
    this.journey = journey;
  }

  /** Has the destination check itself, which leaves the file. */
  DestinationFacts leave(Candidate candidate, SourceFacts guest, Patience patience)
      throws StepFailed, InterruptedException {
    boolean overCommit = journey.migration().diskOverCommit().orElse(true);
    return journey
        .asking()
        .untilDone(
            candidate.host(),
            new AgentRequest.CheckDestination(journey.header(), guest, overCommit),
            DestinationFacts.class,
            patience);
  }

  /** What a destination whose check had ended has reserved since, or may have. */
  void releaseSpace(HostName host, Patience patience) throws StepFailed, InterruptedException {
    journey
        .asking()
        .untilDone(host, new AgentRequest.ReleaseSpace(journey.header()), Nothing.class, patience);
  }

  /** Removes it. Also when the answer that named it was lost: then it is asked for again. */
  void remove(Candidate candidate, SourceFacts guest, Patience patience)
      throws StepFailed, InterruptedException {
    Optional<String> name = candidate.check().map(DestinationFacts::probeFile);
    if (name.isEmpty()) {
      try {
        name = Optional.of(leave(candidate, guest, patience).probeFile());
      } catch (StepFailed failed) {
        if (failed.effect() != StepFailed.Effect.REFUSED) {
          throw failed;
        }
        // A refused check leaves no file.
        return;
      }
    }
    journey
        .asking()
        .untilDone(
            candidate.host(),
            new AgentRequest.EndCheck(journey.header(), name.get()),
            Nothing.class,
            patience);
  }
}
