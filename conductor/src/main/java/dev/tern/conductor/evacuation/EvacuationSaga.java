package dev.tern.conductor.evacuation;

import static dev.tern.conductor.saga.Saga.orElse;
import static dev.tern.conductor.saga.Saga.undo;

import dev.tern.conductor.saga.Saga;

/**
 * A server of a dead host lives on another. Its old host is looked at twice: before anything is
 * made, and right before the server changes owner, which it does only while the statement that the
 * old host is down is in force. No guest of it runs anywhere before that, and none at its old host
 * after it.
 */
public final class EvacuationSaga {
  private EvacuationSaga() {}

  /** The story, told by these actors. */
  public static Saga<EvacuationFacts> of(DeadHost source, NewHome home, EvacuationOutcome outcome) {
    return Saga.<EvacuationFacts>tell()
        .step("look-at-source", source::requireSilent)
        .step("choose-host", home::choose, undo(home::releaseClaims))
        .step("build", home::build, undo(home::clearAway), orElse("choose-host", home::turnDown))
        .step("attach-volumes", home::attachVolumes, orElse("choose-host", home::turnDown))
        .step("look-again", source::requireSilent)
        .step("take-over", outcome::takeOver)
        .step("start", home::start)
        .ends(outcome::failed, outcome::done);
  }
}
