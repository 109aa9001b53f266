package dev.tern.conductor.migration;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import java.util.Optional;

/**
 * A host that may become the destination.
 *
 * @param check what it said when checked; its probe file lies there until the check ends
 */
public record Candidate(HostName host, ClaimId claim, Optional<DestinationFacts> check) {
  Candidate checked(DestinationFacts facts) {
    return new Candidate(host, claim, Optional.of(facts));
  }

  Candidate checkEnded() {
    return new Candidate(host, claim, Optional.empty());
  }
}
