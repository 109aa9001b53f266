package dev.tern.conductor.migration;

import static dev.tern.conductor.saga.Saga.ifUnknown;
import static dev.tern.conductor.saga.Saga.orElse;
import static dev.tern.conductor.saga.Saga.undo;
import static dev.tern.contract.Phase.BEGIN;
import static dev.tern.contract.Phase.CONFIRM;
import static dev.tern.contract.Phase.FINISH;
import static dev.tern.contract.Phase.PERFORM;
import static dev.tern.contract.Phase.PREPARE;

import dev.tern.conductor.saga.Saga;

/**
 * What happens in a live migration, top to bottom. Above {@code hand-over} the source owns the
 * guest, and what fails is taken back, last step first; below it the destination does, and steps
 * repeat until they succeed.
 */
public final class LiveMigrationSaga {
  private LiveMigrationSaga() {}

  /** The story, told by these actors. */
  public static Saga<MigrationFacts> of(
      Source source,
      Choice choice,
      Destination destination,
      Layers layers,
      Console console,
      GuestOwner owner,
      Outcome outcome) {
    return Saga.<MigrationFacts>tell()
        .onPhase(outcome::entered)
        .onDoubt(outcome::inDoubt)
        .phase(BEGIN)
        .step("describe-source", source::describe)
        .step("choose-destination", choice::claimDestination, undo(choice::releaseClaims))
        .step(
            "check-destination",
            destination::check,
            undo(destination::endCheck),
            orElse("choose-destination", choice::turnDown))
        .step("check-source", source::check, orElse("choose-destination", choice::turnDownUnfit))
        .step(
            "reserve-space",
            destination::reserveSpace,
            undo(destination::releaseSpace),
            orElse("choose-destination", choice::turnDown))
        .step("plan", outcome::planned)
        .step("await-turn", outcome::awaitTurn)
        .phase(PREPARE)
        .step("agree-on-key", destination::agreeOnKey, undo(destination::withdrawKey))
        .step("bring-layers", layers::bring, undo(layers::drop))
        .step("create-disks", destination::createDisks, undo(destination::deleteDisks))
        .step("start-incoming", destination::startIncoming, undo(destination::killIncoming))
        .phase(PERFORM)
        .step("mirror-disks", source::mirrorDisks, undo(source::cancelMirrors))
        .step("await-source", destination::awaitSource)
        .pivot("hand-over", source::handOver, ifUnknown(owner::whoOwnsGuest))
        .phase(FINISH)
        .then("await-arrival", destination::awaitArrival)
        .then("change-owner", outcome::changeOwner)
        .phase(CONFIRM)
        .then("move-console", console::move)
        .then("await-memory", source::awaitMemory)
        .then("retire-source", source::retire)
        .ends(outcome::rolledBack, outcome::completed);
  }
}
