package dev.tern.conductor.migration;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tern.conductor.asking.Asking;
import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.ClaimStore;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.event.Level;

/** The choice of a destination: the scheduler's, until a host passes its own checks too. */
public final class Choice {
  private final Journey journey;
  private final ClaimStore claims;

  public Choice(Journey journey, ClaimStore claims) {
    this.journey = journey;
    this.claims = claims;
  }

  MigrationFacts claimDestination(MigrationFacts facts) throws StepFailed, InterruptedException {
    clearAway(facts);
    return switch (journey.asking().select(question(facts), journey.settings().silence())) {
      case SchedulerAnswer.Selected(HostName host, ClaimId claim) ->
          facts.chosen(new Candidate(host, claim, Optional.empty()));
      case SchedulerAnswer.NoHost(Failure failure, _) -> throw StepFailed.refused(failure);
    };
  }

  private SelectHost question(MigrationFacts facts) {
    SourceFacts guest = facts.described();
    boolean overCommit = journey.migration().diskOverCommit().orElse(true);
    return new SelectHost(
        journey.request(),
        claim(facts.refusals().size()),
        journey.migration().server(),
        new Resources(
            guest.vcpus(),
            guest.memoryMib(),
            overCommit ? guest.allocatedBytes() : guest.virtualBytes()),
        journey.migration().requestedHost(),
        Optional.of(journey.source()),
        Optional.of(
            new GuestNeeds(
                guest.hypervisorType(),
                guest.hypervisorVersion(),
                guest.machineType(),
                guest.accelerator())),
        facts.refusals());
  }

  /** Always the same for one attempt of one migration, so that asking twice claims once. */
  private ClaimId claim(int attempt) {
    String name = "claim:%s:%d".formatted(journey.migration().id(), attempt);
    return new ClaimId(UUID.nameUUIDFromBytes(name.getBytes(UTF_8)));
  }

  // A host that was turned down must not hold up the others: its probe file and its reservation go
  // when it answers now, and by its own agent's start and tern.agent.reservation-age otherwise.
  private void clearAway(MigrationFacts facts) throws InterruptedException {
    if (facts.turnedDown().isEmpty()) {
      return;
    }
    Candidate gone = facts.turnedDown().get();
    claims.release(gone.claim());
    Patience once = new Patience(Asking.ONCE, Asking.ONCE);
    try {
      Probe probe = new Probe(journey);
      probe.remove(gone, facts.described(), once);
      probe.releaseSpace(gone.host(), once);
    } catch (StepFailed failed) {
      journey
          .log()
          .at(Level.WARN)
          .addKeyValue("host", gone.host())
          .setCause(failed)
          .log("a probe file or reserved room was left behind");
    }
  }

  /** Also of attempts whose answer was lost. */
  MigrationFacts releaseClaims(MigrationFacts facts) throws InterruptedException {
    clearAway(facts);
    for (int attempt = 0; attempt <= facts.refusals().size(); attempt++) {
      claims.release(claim(attempt));
    }
    return facts;
  }

  /** The destination failed its check, or does not answer: the next one, please. */
  Optional<MigrationFacts> turnDown(MigrationFacts facts, StepFailed failed) {
    Failure why = failed.failure();
    return why.code() == ErrorCode.STALE_EPOCH ? Optional.empty() : Optional.of(next(facts, why));
  }

  /** The source found that the two do not fit; its own troubles are not the destination's. */
  Optional<MigrationFacts> turnDownUnfit(MigrationFacts facts, StepFailed failed) {
    Failure why = failed.failure();
    return switch (why.code()) {
      case INVALID_LOCAL_STORAGE, INVALID_SHARED_STORAGE, MIGRATION_PRE_CHECK_ERROR ->
          Optional.of(next(facts, why));
      // The source's own troubles: another destination would not help.
      default -> Optional.empty();
    };
  }

  private MigrationFacts next(MigrationFacts facts, Failure why) {
    HostName host = facts.destination().host();
    return why.code() == ErrorCode.AGENT_NO_ANSWER
        ? facts.turnDown(
            new Failure(
                ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
                "Compute service of %s is unavailable at this time.".formatted(host)))
        : facts.turnDown(why);
  }
}
