package dev.tern.conductor.cold;

import static dev.tern.conductor.saga.Saga.orElse;
import static dev.tern.conductor.saga.Saga.undo;

import dev.tern.conductor.saga.Saga;

/**
 * A server's disks go to another host while nobody runs its guest, which is started there if it ran
 * before. What can be done while it runs is done first. From {@code let-go} on its source changes
 * nothing of what it has until somebody has said what becomes of it, so every failure ends with the
 * server there, as it was.
 */
public final class ColdMigrationSaga {
  private ColdMigrationSaga() {}

  /** The story, told by these actors. */
  public static Saga<ColdFacts> of(OldHost source, NewHost destination, ColdOutcome outcome) {
    return Saga.<ColdFacts>tell()
        .step("describe", source::describe)
        .step("choose-host", destination::choose, undo(destination::releaseClaims))
        .step(
            "prepare",
            destination::prepare,
            undo(destination::clear),
            orElse("choose-host", destination::turnDown))
        .step("await-turn", outcome::awaitTurn)
        .step("bring-layers", destination::bringLayers, undo(source::stopSending))
        .step("let-go", source::letGo, undo(source::takeBack))
        .step("bring-disks", destination::bringDisks)
        .step("land", destination::land, orElse("bring-disks", destination::again))
        .step("withdraw-key", source::withdrawKey)
        .step("take-over", outcome::takeOver, undo(outcome::giveBack))
        .step("start", destination::start, undo(destination::stop))
        .ends(outcome::failed, outcome::finished);
  }

  /** It stays where it is: nothing of it is left where it was. */
  public static Saga<ColdFacts> confirmed(
      OldHost source, NewHost destination, ColdOutcome outcome) {
    return Saga.<ColdFacts>tell()
        .step("look-at-server", destination::requireThere)
        .then("clear-source", source::clear)
        .ends(outcome::unsettled, outcome::confirmed);
  }

  /** It goes back to what its source has kept; what the guest wrote since is gone. */
  public static Saga<ColdFacts> reverted(
      OldHost source, NewHost destination, ColdOutcome outcome, boolean stayed) {
    Saga.Story<ColdFacts> stopped =
        Saga.<ColdFacts>tell()
            .step("look-at-source", source::requireKept)
            .step("stop", destination::stopGently, undo(destination::startAgain));
    // Where it stayed there is one server, which from here on is the one that it was.
    return (stayed
            ? stopped.then("take-back", source::takeBackLater)
            : stopped.step("take-back", source::takeBackLater))
        .then("give-back", outcome::giveBack)
        .then("start", source::start)
        .then("clear-destination", destination::clearLater)
        .ends(outcome::unsettled, outcome::reverted);
  }
}
