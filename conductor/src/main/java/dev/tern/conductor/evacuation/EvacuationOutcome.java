package dev.tern.conductor.evacuation;

import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.VmState;
import dev.tern.store.EvacuationStore;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.event.Level;

/** What the database says of an evacuation, as it goes on and when it ends. */
public final class EvacuationOutcome {
  private final Journey journey;
  private final EvacuationStore evacuations;
  private final MigrationMeters meters;

  public EvacuationOutcome(Journey journey, EvacuationStore evacuations, MigrationMeters meters) {
    this.meters = meters;
    this.journey = journey;
    this.evacuations = evacuations;
  }

  private UUID id() {
    return journey.evacuation().id();
  }

  /** Owner, claims and what the statement was relied on for, in one transaction. */
  EvacuationFacts takeOver(EvacuationFacts facts) {
    evacuations.ownerChanged(journey.hold().lease(), id());
    journey
        .log()
        .at(Level.INFO)
        .addKeyValue("host", facts.place())
        .addKeyValue("fenced", journey.evacuation().source())
        .log("the server has a new owner");
    return facts.hasOwner();
  }

  void done(EvacuationFacts facts) {
    boolean stopped = journey.evacuation().leaveStopped();
    evacuations.done(journey.hold().lease(), id(), stopped ? VmState.STOPPED : VmState.ACTIVE);
    meters.evacuated("done", Optional.empty());
    journey
        .log()
        .at(Level.INFO)
        .addKeyValue("host", facts.place())
        .addKeyValue("fenced", journey.evacuation().source())
        .log("server evacuated");
  }

  /** A host that is not dead has its server as before; of any other the guest is gone. */
  void failed(EvacuationFacts facts) {
    Failure failure =
        facts
            .failure()
            .orElseGet(() -> new Failure(ErrorCode.UNEXPECTED, "The evacuation failed."));
    boolean asBefore = !facts.ownerChanged() && failure.code() == ErrorCode.HOST_NOT_FENCED;
    evacuations.failed(journey.hold().lease(), id(), failure, !asBefore, facts.leftAt());
    meters.evacuated("failed", Optional.of(failure));
    journey
        .log()
        .at(Level.WARN)
        .addKeyValue("code", failure.code())
        .addKeyValue("reason", failure.message())
        .log("evacuation failed");
  }
}
