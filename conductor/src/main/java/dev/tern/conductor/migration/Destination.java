package dev.tern.conductor.migration;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.Arrived;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DisksKept;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SealedSecrets;
import java.util.Map;
import java.util.Optional;

/** The host the guest goes to. */
public final class Destination {
  private static final String PREPARING = "compute_pre_live_migration";
  private static final String ROLLING_BACK = "compute_rollback_live_migration_at_destination";

  private final Journey journey;
  private final Steering steering;

  /** The destination of one migration. */
  public Destination(Journey journey, Steering steering) {
    this.journey = journey;
    this.steering = steering;
  }

  MigrationFacts check(MigrationFacts facts) throws StepFailed, InterruptedException {
    Candidate candidate = facts.destination();
    return journey
        .events()
        .during(
            "compute_check_can_live_migrate_destination",
            candidate.host(),
            () -> facts.chosen(candidate.checked(leaveProbe(candidate, facts))));
  }

  private DestinationFacts leaveProbe(Candidate candidate, MigrationFacts facts)
      throws StepFailed, InterruptedException {
    DestinationFacts there =
        new Probe(journey).leave(candidate, facts.described(), journey.forCheck());
    DiskWays.requirePlaced(facts.described(), candidate.host(), there);
    return there;
  }

  MigrationFacts endCheck(MigrationFacts facts) throws StepFailed, InterruptedException {
    // Once the plan stands the check has ended.
    if (facts.candidate().isPresent() && !facts.planned()) {
      new Probe(journey).remove(facts.destination(), facts.described(), journey.forCheck());
    }
    return facts;
  }

  MigrationFacts agreeOnKey(MigrationFacts facts) throws StepFailed, InterruptedException {
    new KeyAgreement(journey).make(facts.destination().host());
    return facts;
  }

  MigrationFacts withdrawKey(MigrationFacts facts) throws StepFailed, InterruptedException {
    return new KeyAgreement(journey).takeBack(facts);
  }

  /** Ends the check: the probe file goes with it. */
  MigrationFacts reserveSpace(MigrationFacts facts) throws StepFailed, InterruptedException {
    boolean overCommit = journey.migration().diskOverCommit().orElse(true);
    journey
        .asking()
        .untilDone(
            facts.destination().host(),
            new AgentRequest.ReserveSpace(journey.header(), facts.described(), overCommit),
            Nothing.class,
            journey.forCheck());
    return facts;
  }

  MigrationFacts releaseSpace(MigrationFacts facts) throws StepFailed, InterruptedException {
    if (facts.candidate().isEmpty()) {
      return facts;
    }
    return journey.unlessFenced(
        facts.destination().host(),
        facts,
        known -> {
          new Probe(journey).releaseSpace(known.destination().host(), journey.forRepeating());
          return known;
        });
  }

  MigrationFacts createDisks(MigrationFacts facts) throws StepFailed, InterruptedException {
    HostName host = facts.destination().host();
    return journey
        .events()
        .opening(
            PREPARING,
            host,
            () -> {
              journey
                  .asking()
                  .untilDone(
                      host,
                      new AgentRequest.CreateDisks(
                          journey.header(), facts.described(), secrets(facts)),
                      Nothing.class,
                      journey.forPreparing());
              return facts;
            });
  }

  /** Sealed by the source, so that only the destination can read them; kept nowhere on the way. */
  private Map<String, String> secrets(MigrationFacts facts)
      throws StepFailed, InterruptedException {
    if (facts.described().disks().stream().noneMatch(DiskFacts::encrypted)) {
      return Map.of();
    }
    return journey
        .asking()
        .untilDone(
            journey.source(),
            new AgentRequest.SealSecrets(journey.header()),
            SealedSecrets.class,
            journey.forPreparing())
        .byDisk();
  }

  MigrationFacts deleteDisks(MigrationFacts facts) throws StepFailed, InterruptedException {
    return journey.unlessFenced(
        facts.destination().host(),
        facts,
        journey.fencing().reliedOn(journey.source())
            ? this::keepDisksThere
            : this::deleteDisksThere);
  }

  // The source's disks are lost with it, as far as is known: nobody but a person may judge these.
  private MigrationFacts keepDisksThere(MigrationFacts facts)
      throws StepFailed, InterruptedException {
    HostName host = facts.destination().host();
    return journey
        .events()
        .during(
            ROLLING_BACK,
            host,
            () -> {
              journey
                  .asking()
                  .untilDone(
                      host,
                      new AgentRequest.KeepDisks(journey.header()),
                      DisksKept.class,
                      journey.forRepeating())
                  .directory()
                  .ifPresent(journey.fencing()::kept);
              return facts;
            });
  }

  private MigrationFacts deleteDisksThere(MigrationFacts facts)
      throws StepFailed, InterruptedException {
    HostName host = facts.destination().host();
    if (facts.incoming().isEmpty() && cancelled(facts)) {
      journey.events().failed(PREPARING, "cancelled");
    }
    return journey
        .events()
        .during(
            ROLLING_BACK,
            host,
            () -> {
              journey
                  .asking()
                  .untilDone(
                      host,
                      new AgentRequest.DeleteDisks(journey.header()),
                      Nothing.class,
                      journey.forRepeating());
              return facts;
            });
  }

  private static boolean cancelled(MigrationFacts facts) {
    return facts.failure().filter(why -> why.code() == ErrorCode.MIGRATION_CANCELLED).isPresent();
  }

  MigrationFacts startIncoming(MigrationFacts facts) throws StepFailed, InterruptedException {
    HostName host = facts.destination().host();
    return journey.events().during(PREPARING, host, () -> incoming(facts));
  }

  private MigrationFacts incoming(MigrationFacts facts) throws StepFailed, InterruptedException {
    return facts.listeningAt(
        journey
            .asking()
            .untilDone(
                facts.destination().host(),
                new AgentRequest.StartIncoming(
                    journey.header(),
                    facts.described(),
                    Policy.streams(journey.settings(), journey.migration().wishes().streams()),
                    steering.postCopyAllowed(facts.described())
                        ? Optional.of(true)
                        : Optional.empty()),
                IncomingReady.class,
                journey.forPreparing()));
  }

  /**
   * Before memory moves, where post-copy is allowed by now: a source that may use it can fail after
   * all is here, so this host must not let the guest run before the source has let go.
   */
  MigrationFacts awaitSource(MigrationFacts facts) throws StepFailed, InterruptedException {
    return steering.postCopyAllowed(facts.described()) && !facts.destinationAwaitsSource()
        ? incoming(facts)
        : facts;
  }

  MigrationFacts killIncoming(MigrationFacts facts) throws StepFailed, InterruptedException {
    return journey.unlessFenced(facts.destination().host(), facts, this::killIncomingThere);
  }

  private MigrationFacts killIncomingThere(MigrationFacts facts)
      throws StepFailed, InterruptedException {
    journey
        .asking()
        .untilDone(
            facts.destination().host(),
            new AgentRequest.KillIncoming(journey.header()),
            GuestReport.class,
            journey.forRepeating());
    return facts;
  }

  /** The guest is here. It may have ended by itself since; that does not send it back. */
  MigrationFacts awaitArrival(MigrationFacts facts) throws StepFailed, InterruptedException {
    if (facts.arrived().isPresent()) {
      return facts; // It is told once: the host may be lost by now, and nobody could state so.
    }
    HostName host = facts.destination().host();
    try {
      return facts.arrivedWith(
          journey
              .asking()
              .untilDone(
                  host,
                  new AgentRequest.AwaitArrival(journey.header(), facts.sourceLetGo()),
                  Arrived.class,
                  journey.forRepeating()));
    } catch (StepFailed failed) {
      if (failed.effect() == StepFailed.Effect.REFUSED && hasEnded(host)) {
        return facts.arrivedWith(new Arrived(Optional.empty()));
      }
      throw failed;
    }
  }

  private boolean hasEnded(HostName host) throws InterruptedException {
    return journey
        .guestAt(host)
        .map(report ->
            report.runner() == GuestReport.Runner.STOPPED
                || report.runner() == GuestReport.Runner.BROKEN)
        .orElse(false);
  }
}
