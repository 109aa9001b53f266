package dev.tern.conductor.migration;

import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.KeyOffer;
import dev.tern.contract.agent.AgentResult.Nothing;
import java.util.Optional;

/**
 * Carries the public halves of a migration's key from one host to the other. What comes of them is
 * known to the two hosts and to nobody in between: docs/decisions/0005-stream-keys.md.
 */
final class KeyAgreement {
  private final Journey journey;

  KeyAgreement(Journey journey) {
    this.journey = journey;
  }

  /** Both hosts have the same key, or both send in plaintext because both are told to. */
  void make(HostName destination) throws StepFailed, InterruptedException {
    KeyOffer there = ask(destination, Optional.empty());
    KeyOffer here = ask(journey.source(), there.publicHalf());
    if (there.publicHalf().isPresent() != here.publicHalf().isPresent()) {
      HostName plain = there.publicHalf().isPresent() ? journey.source() : destination;
      throw StepFailed.refused(
          new Failure(
              ErrorCode.MIGRATION_PRE_CHECK_ERROR,
              "%s sends and receives guests in plaintext (tern.agent.insecure), and the other host does not: set both alike."
                  .formatted(plain)));
    }
    if (here.publicHalf().isPresent()) {
      ask(destination, here.publicHalf());
    }
  }

  private KeyOffer ask(HostName host, Optional<String> peer)
      throws StepFailed, InterruptedException {
    return journey
        .asking()
        .untilDone(
            host,
            new AgentRequest.AgreeOnKey(journey.header(), peer),
            KeyOffer.class,
            journey.forCheck());
  }

  MigrationFacts takeBack(MigrationFacts facts) throws StepFailed, InterruptedException {
    MigrationFacts after = facts;
    for (HostName host : new HostName[] {facts.destination().host(), journey.source()}) {
      after = journey.unlessFenced(host, after, known -> takeBackAt(host, known));
    }
    return after;
  }

  private MigrationFacts takeBackAt(HostName host, MigrationFacts facts)
      throws StepFailed, InterruptedException {
    Patience patience = journey.forRepeating();
    journey
        .asking()
        .untilDone(host, new AgentRequest.WithdrawKey(journey.header()), Nothing.class, patience);
    return facts;
  }
}
