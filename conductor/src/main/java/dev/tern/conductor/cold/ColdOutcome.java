package dev.tern.conductor.cold;

import dev.tern.conductor.saga.Parked;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.SagaStore.Lease;
import java.util.UUID;
import org.slf4j.event.Level;

/** What the database says of a cold migration, as it goes on and when it ends. */
public final class ColdOutcome {
  private final ColdJourney journey;
  private final ColdMigrationStore migrations;

  public ColdOutcome(ColdJourney journey, ColdMigrationStore migrations) {
    this.journey = journey;
    this.migrations = migrations;
  }

  private UUID id() {
    return journey.migration().id();
  }

  private Lease lease() {
    return journey.hold().lease();
  }

  /** As a live migration: whoever has to wait is run by nobody, and woken then. */
  ColdFacts awaitTurn(ColdFacts facts) {
    boolean stays = facts.place().equals(journey.migration().source());
    if (!stays && !migrations.takeTurn(id(), journey.moving().atOnce())) {
      throw new Parked();
    }
    return facts;
  }

  /** The server is its destination's; its source keeps its claim, and what it has. */
  ColdFacts takeOver(ColdFacts facts) {
    migrations.ownerChanged(lease(), id());
    journey
        .log()
        .at(Level.INFO)
        .addKeyValue("host", facts.place())
        .log("the server has a new owner");
    return facts;
  }

  /** Undo of {@link #takeOver}, in its migration or later. */
  ColdFacts giveBack(ColdFacts facts) {
    migrations.ownerReturned(lease(), id());
    return facts;
  }

  void finished(ColdFacts facts) {
    migrations.finished(lease(), id(), facts.leftAt());
    journey
        .log()
        .at(Level.INFO)
        .addKeyValue("host", facts.place())
        .addKeyValue("source", journey.migration().source())
        .log("server moved; its migration is to be confirmed or reverted");
  }

  void failed(ColdFacts facts) {
    Failure failure = failure(facts);
    migrations.failed(lease(), id(), failure, facts.trouble().isPresent(), facts.leftAt());
    warn(failure, "cold migration failed");
  }

  void confirmed(ColdFacts facts) {
    migrations.confirmed(lease(), id(), facts.leftAt());
    journey.log().at(Level.INFO).addKeyValue("host", facts.place()).log("migration confirmed");
  }

  void reverted(ColdFacts facts) {
    migrations.reverted(lease(), id(), facts.trouble(), facts.leftAt());
    journey
        .log()
        .at(facts.trouble().isPresent() ? Level.WARN : Level.INFO)
        .addKeyValue("host", journey.migration().source())
        .addKeyValue("reason", facts.trouble().map(Failure::message).orElse(""))
        .log("migration reverted");
  }

  /** The server waits for another word. */
  void unsettled(ColdFacts facts) {
    Failure failure = failure(facts);
    migrations.unsettled(lease(), id(), failure);
    warn(failure, "a cold migration is neither confirmed nor reverted");
  }

  private static Failure failure(ColdFacts facts) {
    return facts
        .failure()
        .orElseGet(() -> new Failure(ErrorCode.UNEXPECTED, "The migration failed."));
  }

  private void warn(Failure failure, String what) {
    journey
        .log()
        .at(Level.WARN)
        .addKeyValue("code", failure.code())
        .addKeyValue("reason", failure.message())
        .log(what);
  }
}
