package dev.tern.conductor.migration;

import dev.tern.conductor.asking.Patience;
import dev.tern.conductor.saga.Backoff;
import dev.tern.conductor.saga.HandOver;
import dev.tern.conductor.saga.HandOver.Stayed;
import dev.tern.conductor.saga.HandOver.Unknown;
import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.MoveLimits;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.MigrationStore;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.event.Level;

/** The host the guest leaves. */
public final class Source {
  /** What an agent says it works on is believed: it keeps the deadline, which may change. */
  private static final Duration LONGEST = Duration.ofDays(7);

  private static final Duration AS_LONG_AS_IT_WORKS = Duration.ofDays(8);

  private final Journey journey;
  private final HostStore hosts;
  private final Duration hostDownAfter;
  private final Backoff again;
  private final Steering steering;
  private final LastMemory memory;

  /**
   * The source of one migration.
   *
   * @param again between two questions about the hand-over
   */
  public Source(
      Journey journey, HostStore hosts, Duration hostDownAfter, Backoff again, Steering steering) {
    this.journey = journey;
    this.hosts = hosts;
    this.hostDownAfter = hostDownAfter;
    this.again = again;
    this.steering = steering;
    this.memory = new LastMemory(journey);
  }

  MigrationFacts describe(MigrationFacts facts) throws StepFailed, InterruptedException {
    return journey
        .events()
        .opening(
            Outcome.CONDUCTING,
            journey.source(),
            () -> {
              beUp();
              SourceFacts guest =
                  journey
                      .asking()
                      .untilDone(
                          journey.source(),
                          new AgentRequest.DescribeSource(journey.header()),
                          SourceFacts.class,
                          journey.forCheck());
              MigrationStore.Wishes wishes = journey.migration().wishes();
              return facts.describedBy(
                  DiskWays.place(DiskWays.choose(guest, wishes.disks()), wishes.places()));
            });
  }

  private void beUp() throws StepFailed {
    if (!hosts.find(journey.source(), hostDownAfter).map(HostRecord::up).orElse(false)) {
      throw StepFailed.refused(
          new Failure(
              ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
              "Compute service of %s is unavailable at this time.".formatted(journey.source())));
    }
  }

  MigrationFacts check(MigrationFacts facts) throws StepFailed, InterruptedException {
    String probe =
        facts.destination().check().map(AgentResult.DestinationFacts::probeFile).orElse("");
    return journey
        .events()
        .during(
            "compute_check_can_live_migrate_source",
            journey.source(),
            () -> {
              journey
                  .asking()
                  .untilDone(
                      journey.source(),
                      new AgentRequest.CheckSource(
                          journey.header(), probe, journey.migration().blockMigration()),
                      Nothing.class,
                      journey.forCheck());
              return facts;
            });
  }

  // Disks first: once memory has moved the guest is paused, and every second then is a second of
  // its pause.
  MigrationFacts mirrorDisks(MigrationFacts facts) throws StepFailed, InterruptedException {
    SourceFacts guest = facts.described();
    try {
      journey
          .asking()
          .untilDone(
              journey.source(),
              new AgentRequest.MirrorDisks(
                  journey.header(),
                  facts.listening(),
                  DiskWays.of(facts.described()),
                  steering.begin(guest)),
              Nothing.class,
              new Patience(journey.settings().silence(), AS_LONG_AS_IT_WORKS),
              () -> steering.look(guest));
    } catch (StepFailed failed) {
      throw DestinationFull.named(failed, facts.destination().host());
    }
    return facts;
  }

  /** Ends with the guest running here, or known to be dead, or given up with its host. */
  MigrationFacts cancelMirrors(MigrationFacts facts) throws StepFailed, InterruptedException {
    return journey.unlessFenced(journey.source(), facts, this::cancelMirrorsHere);
  }

  private MigrationFacts cancelMirrorsHere(MigrationFacts facts)
      throws StepFailed, InterruptedException {
    try {
      journey
          .asking()
          .untilDone(
              journey.source(),
              new AgentRequest.CancelMirrors(journey.header()),
              Nothing.class,
              journey.forRepeating());
    } catch (StepFailed failed) {
      if (failed.effect() == StepFailed.Effect.REFUSED && guestIsGone()) {
        return facts.guestLost();
      }
      throw failed;
    }
    if (guestIsGone()) {
      return facts.guestLost();
    }
    if (runner() == GuestReport.Runner.PAUSED && !facts.described().paused()) {
      // Stopped for the hand-over that failed, and its user did not ask for that.
      resume();
    }
    return facts;
  }

  private void resume() throws StepFailed, InterruptedException {
    journey
        .asking()
        .untilDone(
            journey.source(),
            new AgentRequest.CancelHandOver(journey.header()),
            Nothing.class,
            journey.forRepeating());
  }

  private GuestReport.Runner runner() throws StepFailed, InterruptedException {
    return journey
        .asking()
        .untilDone(
            journey.source(),
            new AgentRequest.AskGuest(journey.header()),
            GuestReport.class,
            journey.forRepeating())
        .runner();
  }

  private boolean guestIsGone() throws StepFailed, InterruptedException {
    GuestReport.Runner runner = runner();
    return switch (runner) {
      case RUNNING, PAUSED, SUSPENDED -> false;
      case STOPPED, BROKEN, ABSENT, DEAD -> true;
      // A QEMU that is held answers later: the guest is not lost because nobody can tell now.
      case HANDED_OVER, INCOMING, UNKNOWN ->
          throw StepFailed.noAnswer(
              new Failure(
                  ErrorCode.HYPERVISOR_FAILED,
                  "The guest is not back at %s yet (%s).".formatted(journey.source(), runner)));
    };
  }

  /** Memory, then the pivot. Only the destination can say that the guest arrived. */
  HandOver<MigrationFacts> handOver(MigrationFacts facts) throws InterruptedException {
    if (facts.handedOver().map(HandedOver::sent).orElse(false)) {
      return new Unknown<>(facts, "it left its source; only the destination knows more");
    }
    if (journey.fencing().reliedOn(facts.destination().host())) {
      return new Unknown<>(facts, "its destination is fenced");
    }
    if (journey.fencing().reliedOn(journey.source())) {
      return new Unknown<>(facts, "its source is lost");
    }
    AgentRequest.HandOver request =
        new AgentRequest.HandOver(
            journey.header(), facts.listening(), steering.begin(facts.described()));
    Backoff.Series rests = again.series();
    Duration heard = journey.ticker().now();
    boolean tooLateToCancel = false;
    journey.hold().look();
    while (true) {
      if (journey.hold().abortAsked() && !tooLateToCancel) {
        switch (cancel()) {
          case CANCELLED -> {
            return new Stayed<>(facts, StepFailed.aborted().failure());
          }
          case TOO_LATE -> tooLateToCancel = true;
          case UNKNOWN -> {}
        }
      }
      Duration asked = journey.ticker().now();
      switch (journey.asking().once(journey.source(), request)) {
        case Asked.Answered(AgentAnswer.Done(AgentResult result)) -> {
          return said(facts, result);
        }
        case Asked.Answered(AgentAnswer.Refused(Failure failure)) -> {
          if (!journey.asking().brokenOff(failure) || silentTooLong(heard)) {
            return refused(facts, failure);
          }
        }
        case Asked.Answered(AgentAnswer.Working _) -> {
          heard = journey.ticker().now();
          steering.look(facts.described());
        }
        case Asked.NoAnswer(String reason, Asked.Cause cause) -> {
          if (cause == Asked.Cause.NO_BROKER) {
            heard = journey.ticker().now();
          } else if (silentTooLong(heard)) {
            return new Unknown<>(facts, "its source is silent: " + reason);
          }
        }
      }
      rests.restAfter(journey.ticker().now().minus(asked));
    }
  }

  private boolean silentTooLong(Duration heard) {
    return journey.ticker().now().minus(heard).compareTo(journey.shortSilence()) >= 0;
  }

  private HandOver<MigrationFacts> said(MigrationFacts facts, AgentResult result) {
    if (!(result instanceof HandedOver handedOver)) {
      return new Unknown<>(facts, "its source answered something else");
    }
    return handedOver.sent()
        ? new Unknown<>(facts.sent(handedOver), "it left its source")
        : new Stayed<>(
            facts,
            new Failure(
                ErrorCode.HYPERVISOR_FAILED,
                "The guest stayed at %s: %s".formatted(journey.source(), handedOver.reason())));
  }

  // A refusal says that nothing was done for this request, not that nothing was done before.
  private HandOver<MigrationFacts> refused(MigrationFacts facts, Failure failure)
      throws InterruptedException {
    boolean runsHere =
        journey
            .guestAt(journey.source())
            .map(report ->
                report.runner() == GuestReport.Runner.RUNNING
                    || report.runner() == GuestReport.Runner.PAUSED)
            .orElse(false);
    return runsHere ? new Stayed<>(facts, failure) : new Unknown<>(facts, failure.message());
  }

  private enum Cancelled {
    CANCELLED,
    TOO_LATE,
    UNKNOWN
  }

  private Cancelled cancel() throws InterruptedException {
    return switch (journey
        .asking()
        .once(journey.source(), new AgentRequest.CancelHandOver(journey.header()))) {
      case Asked.Answered(AgentAnswer.Done _) -> Cancelled.CANCELLED;
      case Asked.Answered(AgentAnswer.Refused(Failure failure)) -> {
        journey
            .log()
            .at(Level.INFO)
            .addKeyValue("reason", failure.message())
            .log("too late to cancel");
        yield Cancelled.TOO_LATE;
      }
      case Asked.Answered(AgentAnswer.Working _) -> Cancelled.UNKNOWN;
      case Asked.NoAnswer<AgentAnswer> _ -> Cancelled.UNKNOWN;
    };
  }

  MigrationFacts awaitMemory(MigrationFacts facts) throws StepFailed, InterruptedException {
    return memory.await(facts);
  }

  MigrationFacts retire(MigrationFacts facts) throws StepFailed, InterruptedException {
    if (facts.lost()) {
      memory.end(facts);
    }
    return journey.unlessFenced(journey.source(), facts, this::retireIt);
  }

  private MigrationFacts retireIt(MigrationFacts facts) throws StepFailed, InterruptedException {
    try {
      askToRetire(Optional.empty());
    } catch (StepFailed failed) {
      switch (failed.failure().code()) {
        case GUEST_ABSENT -> {}
        case INSTANCE_INVALID_STATE -> {
          // By post-copy a guest needs its source until all is sent, but not when it has died.
          if (!goneFrom(facts.destination().host())) {
            throw failed;
          }
          askToRetire(Optional.of(true));
        }
        // All memory is at the destination, or lost: that was found out before.
        case SOURCE_ENDED -> askToRetire(Optional.of(true));
        default -> throw failed;
      }
    }
    return facts;
  }

  private boolean goneFrom(HostName host) throws InterruptedException {
    return journey
        .guestAt(host)
        .filter(report -> report.runner() == GuestReport.Runner.STOPPED)
        .isPresent();
  }

  private void askToRetire(Optional<Boolean> notNeeded) throws StepFailed, InterruptedException {
    journey
        .asking()
        .untilDone(
            journey.source(),
            new AgentRequest.RetireSource(
                journey.header(), journey.settings().keepSourceDisks(), notNeeded),
            Nothing.class,
            journey.forRepeating());
  }

  public static MoveLimits limits(MigrationSettings settings, long gib) {
    Duration deadline = settings.deadlinePerGib().multipliedBy(gib);
    return new MoveLimits(
        settings.maxPause(),
        settings.bytesPerSecond(),
        deadline.compareTo(LONGEST) > 0 ? LONGEST : deadline);
  }
}
